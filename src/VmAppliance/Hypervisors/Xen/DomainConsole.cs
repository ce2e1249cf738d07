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

    /// <summary>Listens to a new domain's console, which is root's until the machine is ready: whoever reads it too would hear half of it.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="domain">Its domain's number.</param>
    /// <param name="guard">Readable for poll(2) when the domain has ended.</param>
    /// <param name="deadline">When to give up.</param>
    /// <exception cref="ApplianceException">xenconsoled makes no terminal.</exception>
    public static ConsoleTail Listen(MachineSpec spec, int domain, int guard, Deadline deadline)
    {
        using var xenstore = new Xenstore(deadline);
        if (xenstore.Await($"/local/domain/{domain}/console/tty", guard) is not { } terminal)
            return new ConsoleTail(null);
        if (!Terminal().IsMatch(terminal))
            throw new ApplianceException(Blame.Node, "open console", spec.Name, $"'{terminal}' is no terminal", "is xenconsoled the toolstack's own?");
        File.Delete($"{spec.Directory}/{Link}");
        File.CreateSymbolicLink($"{spec.Directory}/{Link}", terminal);
        return ConsoleTail.Listen(terminal);
    }

    /// <summary>Gives it to the owner. To be called while this process listens to it, or the terminal may be somebody else's by now.</summary>
    public static void Give(MachineSpec spec)
    {
        try
        {
            if (new FileInfo($"{spec.Directory}/{Link}").LinkTarget is { } terminal)
                Files.Change(terminal, OwnerReads, spec.Owner.Uid, spec.Owner.Gid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The machine has ended: whoever runs the job will see that.
        }
    }

    /// <summary>Listens to the console of a lease's machine; to nothing when the machine is gone: its terminal may be somebody else's by then.</summary>
    /// <param name="directory">The lease's directory.</param>
    public static ConsoleTail Open(string directory) =>
        new FileInfo($"{directory}/{Link}").LinkTarget is { } terminal && Files.Facts(terminal) is { } facts && (facts.Mode & 0x1FF) == OwnerReads
            ? ConsoleTail.Listen(terminal) : new ConsoleTail(null);

    [GeneratedRegex(@"^/dev/pts/\d+\z")]
    private static partial Regex Terminal();
}
