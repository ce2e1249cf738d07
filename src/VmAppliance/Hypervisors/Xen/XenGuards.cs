using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>The <c>xl create</c> processes of our domains, by the configuration file that they were started with. Only root's count: anybody can call himself so.</summary>
static class XenGuards
{
    // Debian's xl is a shell's script until it has found the one of the running Xen.
    static readonly string[] s_programs = ["xl", "sh", "dash", "bash"];

    /// <summary>All that work for the machine with this uuid; xl may have helpers that look like itself.</summary>
    public static IReadOnlyList<ProcessHandle> Find(Guid uuid) =>
        NodeProcesses.Find(s_programs, arguments => ConfigurationOf(arguments) is { } file && Path.GetFileName(file) == $"{uuid}.cfg");

    /// <summary>The machines that run, or are being made, for a lease below this directory, with the lease.</summary>
    public static IReadOnlyList<(string Directory, MachineReference Machine)> Below(string leases) =>
        [.. from process in NodeProcesses.OfRoot(s_programs)
            let file = ConfigurationOf(NodeProcesses.Arguments(process))
            where file is not null && file.StartsWith($"{leases}/", StringComparison.Ordinal) && Guid.TryParse(Path.GetFileNameWithoutExtension(file), out _)
            let directory = Path.GetDirectoryName(file)
            let uuid = Guid.Parse(Path.GetFileNameWithoutExtension(file))
            select (directory, new MachineReference(0, 0, uuid))];

    static string? ConfigurationOf(IReadOnlyList<string> arguments)
    {
        var xl = arguments.Take(2).ToList().FindIndex(a => Path.GetFileName(a) == "xl");
        return xl >= 0 && arguments.Count >= xl + 3 && arguments[xl + 1] == "create" ? arguments[^1] : null;
    }
}
