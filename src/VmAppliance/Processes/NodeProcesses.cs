using System.Globalization;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Processes;

/// <summary>The processes of this node, by what they were started with: proc(5).</summary>
static class NodeProcesses
{
    /// <summary>All of them; one that ends meanwhile is left out.</summary>
    public static IEnumerable<(int Pid, IReadOnlyList<string> Arguments)> All() => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0)
        .Select(pid => (pid, Arguments(pid))).Where(p => p.Item2.Count > 0);

    /// <summary>All that were started with such arguments, held so that none can be mistaken for a later one of the same number.</summary>
    public static IReadOnlyList<ProcessHandle> Find(Func<IReadOnlyList<string>, bool> isSo) =>
        [.. All().Where(p => isSo(p.Arguments)).Select(p => Hold(p.Pid, isSo)).OfType<ProcessHandle>()];

    static ProcessHandle? Hold(int pid, Func<IReadOnlyList<string>, bool> isSo)
    {
        var process = ProcessStatus.Of(pid) is { IsZombie: false } ? ProcessHandle.Open(pid) : null;
        // Looked at again now that the pidfd holds it.
        if (process is null || isSo(Arguments(pid)))
            return process;
        process.Dispose();
        return null;
    }

    static IReadOnlyList<string> Arguments(int pid)
    {
        try
        {
            return [.. InitialProcess.Split(File.ReadAllBytes($"/proc/{pid}/cmdline")).Select(Encoding.UTF8.GetString)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
