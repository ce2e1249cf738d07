using System.Globalization;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>Finds QEMU processes that are ours by their command lines.</summary>
static class QemuProcesses
{
    /// <summary>The process of the machine with this uuid; null when there is none.</summary>
    public static ProcessHandle? Find(Guid uuid)
    {
        var wanted = Encoding.UTF8.GetBytes(uuid.ToString());
        foreach (var pid in Pids())
            if (ValueOf(Arguments(pid), "-uuid"u8)?.SequenceEqual(wanted) == true && ProcessStatus.Of(pid) is { IsZombie: false } && ProcessHandle.Open(pid) is { } process)
            {
                // Looked at again now that the pidfd holds it.
                if (ValueOf(Arguments(pid), "-uuid"u8)?.SequenceEqual(wanted) == true)
                    return process;
                process.Dispose();
            }
        return null;
    }

    /// <summary>The machines that run for a lease below this directory, with the lease.</summary>
    public static IReadOnlyList<(string Directory, MachineReference Machine)> Below(string leases)
    {
        var found = new List<(string, MachineReference)>();
        foreach (var pid in Pids())
        {
            var arguments = Arguments(pid).Select(Encoding.UTF8.GetString).ToList();
            var note = arguments.FirstOrDefault(a => a.StartsWith($"{QemuCommand.LeaseNote}{leases}/", StringComparison.Ordinal));
            var uuid = arguments.IndexOf("-uuid");
            if (note is not null && uuid >= 0 && Guid.TryParse(arguments.ElementAtOrDefault(uuid + 1), out var name) && ProcessStatus.Of(pid) is { IsZombie: false } status)
                found.Add((note[QemuCommand.LeaseNote.Length..], new MachineReference(pid, status.StartTicks, name)));
        }
        return found;
    }

    static IEnumerable<int> Pids() => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0);

    static IReadOnlyList<byte[]> Arguments(int pid)
    {
        try
        {
            return InitialProcess.Split(File.ReadAllBytes($"/proc/{pid}/cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static byte[]? ValueOf(IReadOnlyList<byte[]> arguments, ReadOnlySpan<byte> option)
    {
        for (var i = 0; i + 1 < arguments.Count; i++)
            if (arguments[i].AsSpan().SequenceEqual(option))
                return arguments[i + 1];
        return null;
    }
}
