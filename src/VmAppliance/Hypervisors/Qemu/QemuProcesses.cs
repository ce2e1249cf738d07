using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>
/// Finds QEMU processes that are ours by a mark that nobody else can make: their standard error is a memory file of root's, whose name says
/// which machine it is. They have it from before their first instruction. Words of a command line anybody can copy, and to read those of a
/// process that locks its own memory takes as long as its owner likes.
/// </summary>
static class QemuProcesses
{
    const string Prefix = "vma-";
    const int Errors = 2;

    /// <summary>The name of the standard error of a machine's QEMU.</summary>
    /// <param name="uuid">The machine.</param>
    /// <param name="directory">Its lease's directory; with the rest at most 249 bytes: memfd_create(2).</param>
    public static string Mark(Guid uuid, string directory) => $"{Prefix}{uuid}:{directory}";

    /// <summary>All processes of the machine with this uuid, held; each is the caller's to dispose of. Its owner can have lent others the mark.</summary>
    public static IReadOnlyList<ProcessHandle> Find(Guid uuid) => [.. All(machine => machine.Uuid == uuid).Select(p => p.Process)];

    /// <summary>The machines that run for a lease below this directory, with the lease.</summary>
    public static IReadOnlyList<(string Directory, MachineReference Machine)> Below(string leases)
    {
        var found = new List<(string, MachineReference)>();
        foreach (var (process, machine, ticks) in All(m => m.Directory.StartsWith($"{leases}/", StringComparison.Ordinal)))
            using (process)
                found.Add((machine.Directory, new MachineReference(process.Pid, ticks, machine.Uuid)));
        return found;
    }

    static IEnumerable<(ProcessHandle Process, (Guid Uuid, string Directory) Machine, long StartTicks)> All(Func<(Guid Uuid, string Directory), bool> isMeant) =>
        NodeProcesses.Pids().Where(pid => MarkOf(pid) is { } machine && isMeant(machine)).Select(Hold)
            .OfType<(ProcessHandle Process, (Guid, string) Machine, long)>().Where(p => isMeant(p.Machine) || Dropped(p.Process));

    // Looked at again now that a pidfd holds it; and it lived when all was looked at, so that all was about this process.
    static (ProcessHandle, (Guid, string), long)? Hold(int pid)
    {
        var process = ProcessHandle.Open(pid);
        if (process is null)
            return null;
        if (ProcessStatus.Of(pid) is { IsZombie: false } status && MarkOf(pid) is { } machine && IsRoots(pid) && !process.Ended(Deadline.In(TimeSpan.Zero)))
            return (process, machine, status.StartTicks);
        process.Dispose();
        return null;
    }

    static bool Dropped(ProcessHandle process)
    {
        process.Dispose();
        return false;
    }

    static (Guid Uuid, string Directory)? MarkOf(int pid) => ForeignMemory.NameOf(pid, Errors) is { } name && name.StartsWith(Prefix, StringComparison.Ordinal)
        && name.IndexOf(':', StringComparison.Ordinal) is > 0 and var end && Guid.TryParseExact(name[Prefix.Length..end], "D", out var uuid) ? (uuid, name[(end + 1)..]) : null;

    static bool IsRoots(int pid)
    {
        try
        {
            using var errors = ForeignMemory.Take(pid, Errors);
            return errors is not null;
        }
        catch (IOException)
        {
            // It has ended.
            return false;
        }
    }
}
