using System.Text.RegularExpressions;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>
/// A domain's console: a terminal that xenconsoled makes, and keeps the latest output for until somebody reads it. It is made the
/// owner's, who may know all that is in it anyway and hears there why the job's machine ended.
/// </summary>
static partial class DomainConsole
{
    const string Link = "console";
    const int OwnerReads = 0x100; // 0400

    /// <summary>Gives a new domain's console to its owner, and listens to it.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="domain">Its domain's number.</param>
    /// <param name="deadline">When to give up.</param>
    /// <exception cref="ApplianceException">xenconsoled makes no terminal.</exception>
    public static ConsoleTail Give(MachineSpec spec, int domain, Deadline deadline)
    {
        using var xenstore = new Xenstore(deadline);
        var terminal = xenstore.Await($"/local/domain/{domain}/console/tty");
        if (!Terminal().IsMatch(terminal))
            throw new ApplianceException(Blame.Node, "open console", spec.Name, $"'{terminal}' is no terminal", "is xenconsoled the toolstack's own?");
        Files.Change(terminal, OwnerReads, spec.Owner.Uid, spec.Owner.Gid);
        File.Delete($"{spec.Directory}/{Link}");
        File.CreateSymbolicLink($"{spec.Directory}/{Link}", terminal);
        return ConsoleTail.Listen(terminal);
    }

    /// <summary>Listens to the console of a lease's machine; to nothing when the machine is gone: its terminal may be somebody else's by then.</summary>
    /// <param name="directory">The lease's directory.</param>
    public static ConsoleTail Open(string directory) =>
        new FileInfo($"{directory}/{Link}").LinkTarget is { } terminal && Files.Facts(terminal) is { } facts && (facts.Mode & 0x1FF) == OwnerReads
            ? ConsoleTail.Listen(terminal) : new ConsoleTail(null);

    [GeneratedRegex(@"^/dev/pts/\d+\z")]
    private static partial Regex Terminal();
}
