using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>Finds QEMU processes that are ours by their command lines.</summary>
static class QemuProcesses
{
    /// <summary>The process of the machine with this uuid; null when there is none.</summary>
    public static ProcessHandle? Find(Guid uuid)
    {
        var found = NodeProcesses.Find(arguments => ValueOf(arguments, "-uuid") == uuid.ToString());
        foreach (var other in found.Skip(1))
            other.Dispose();
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>The machines that run for a lease below this directory, with the lease.</summary>
    public static IReadOnlyList<(string Directory, MachineReference Machine)> Below(string leases)
    {
        var found = new List<(string, MachineReference)>();
        foreach (var (pid, arguments) in NodeProcesses.All())
        {
            var note = arguments.FirstOrDefault(a => a.StartsWith($"{QemuCommand.LeaseNote}{leases}/", StringComparison.Ordinal));
            if (note is not null && Guid.TryParse(ValueOf(arguments, "-uuid"), out var uuid) && ProcessStatus.Of(pid) is { IsZombie: false } status)
                found.Add((note[QemuCommand.LeaseNote.Length..], new MachineReference(pid, status.StartTicks, uuid)));
        }
        return found;
    }

    static string? ValueOf(IReadOnlyList<string> arguments, string option)
    {
        for (var i = 0; i + 1 < arguments.Count; i++)
            if (arguments[i] == option)
                return arguments[i + 1];
        return null;
    }
}
