using System.Text;
using VmAppliance.Processes;

namespace VmAppliance.Jobs;

/// <summary>The environment of a job in its machine.</summary>
static class JobEnvironment
{
    // They name sockets, displays and sessions of the node, which are not there in the machine.
    static readonly string[] HostOnly = ["SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "DBUS_SESSION_BUS_ADDRESS",
        "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "XAUTHORITY", "DISPLAY", "WAYLAND_DISPLAY", "INVOCATION_ID",
        "JOURNAL_STREAM", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "SUDO_COMMAND", "SUDO_USER", "SUDO_UID", "SUDO_GID", "SGE_EXECD_PIDFILE",
        "SGE_STARTER_SHELL_PATH", "SGE_STARTER_SHELL_START_MODE", "SGE_STARTER_USE_LOGIN_SHELL"];

    // Open MPI compares the names in PE_HOSTFILE with its host's, as text, and finds all of them to be elsewhere: it counts by NSLOTS instead.
    // Until version 4 the first word is OMPI, since version 5 (PRRTE) it is PRTE.
    const string HostFile = "PE_HOSTFILE", Slots = "NSLOTS";
    static readonly (string Allocation, string DefaultSlots)[] s_openMpi =
        [("OMPI_MCA_ras", "OMPI_MCA_orte_set_default_slots"), ("PRTE_MCA_ras", "PRTE_MCA_prte_set_default_slots")];

    /// <summary>A job's own environment without what belongs to the node, and with what tells Open MPI that its host file's one host is this machine.</summary>
    /// <param name="entries">NAME=value entries as bytes; what has no name is kept as it is.</param>
    /// <param name="home">The owner's home in the machine.</param>
    public static IReadOnlyList<byte[]> OfJob(IEnumerable<byte[]> entries, string? home)
    {
        var own = entries.Where(e => !HostOnly.Contains(Name(e))).Select(e => home is not null && Name(e) == "HOME" ? Entry("HOME", home) : e).ToList();
        return [.. own, .. OpenMpi(own)];
    }

    // What the job says itself stays.
    static IEnumerable<byte[]> OpenMpi(List<byte[]> own)
    {
        var names = own.Select(Name).ToHashSet();
        if (!names.Contains(HostFile) || own.Find(e => Name(e) == Slots) is not { } slots)
            return [];
        var count = Encoding.UTF8.GetString(slots)[(Slots.Length + 1)..];
        return s_openMpi.Where(v => !names.Contains(v.Allocation)).SelectMany(v => new[] { (v.Allocation, Value: "^gridengine"), (Allocation: v.DefaultSlots, Value: count) })
            .Where(v => !names.Contains(v.Allocation)).Select(v => Entry(v.Allocation, v.Value));
    }

    /// <summary>The environment of a command that root starts by hand for somebody else: the terminal's, with the owner's names in it.</summary>
    public static IReadOnlyList<byte[]> OfOwner(IEnumerable<byte[]> entries, Account owner, string home)
    {
        string[] own = ["HOME", "USER", "LOGNAME", "SHELL", "MAIL"];
        return [.. OfJob(entries, home).Where(e => !own.Contains(Name(e))),
            Entry("HOME", home), Entry("USER", owner.Name), Entry("LOGNAME", owner.Name), Entry("SHELL", "/bin/sh")];
    }

    static string Name(byte[] entry) => Encoding.UTF8.GetString(entry.AsSpan(0, Math.Max(0, Array.IndexOf(entry, (byte)'='))));

    static byte[] Entry(string name, string value) => Encoding.UTF8.GetBytes($"{name}={value}");
}
