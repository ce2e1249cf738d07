using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>The <c>xl create</c> processes of our domains, by the configuration file that they were started with. Only root's count: anybody can call himself so.</summary>
static class XenGuards
{
    /// <summary>All that work for the machine with this uuid; xl may have helpers that look like itself.</summary>
    public static IReadOnlyList<ProcessHandle> Find(Guid uuid) =>
        [.. NodeProcesses.Find(arguments => ConfigurationOf(arguments) is { } file && Path.GetFileName(file) == $"{uuid}.cfg").Where(KeepIfRoots)];

    /// <summary>The machines that run, or are being made, for a lease below this directory, with the lease.</summary>
    public static IReadOnlyList<(string Directory, MachineReference Machine)> Below(string leases) =>
        [.. from process in NodeProcesses.All()
            let file = ConfigurationOf(process.Arguments)
            where file is not null && IsRoots(process.Pid) && file.StartsWith($"{leases}/", StringComparison.Ordinal) && Guid.TryParse(Path.GetFileNameWithoutExtension(file), out _)
            let directory = Path.GetDirectoryName(file)
            let uuid = Guid.Parse(Path.GetFileNameWithoutExtension(file))
            select (directory, new MachineReference(0, 0, uuid))];

    // Debian's xl is a shell's script until it has found the one of the running Xen.
    static string? ConfigurationOf(IReadOnlyList<string> arguments)
    {
        var xl = arguments.Take(2).ToList().FindIndex(a => Path.GetFileName(a) == "xl");
        return xl >= 0 && arguments.Count >= xl + 3 && arguments[xl + 1] == "create" ? arguments[^1] : null;
    }

    static bool KeepIfRoots(ProcessHandle process)
    {
        if (IsRoots(process.Pid))
            return true;
        process.Dispose();
        return false;
    }

    // sudo, su and their like are root's from their first instruction, with the words of whoever called them.
    static bool IsRoots(int pid)
    {
        try
        {
            return Files.Facts($"/proc/{pid}") is { Uid: 0 } && (File.GetUnixFileMode($"/proc/{pid}/exe") & UnixFileMode.SetUser) == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
