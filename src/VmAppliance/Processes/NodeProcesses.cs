using System.Globalization;
using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Processes;

/// <summary>
/// The processes of this node: proc(5). Whoever reads /proc/PID/cmdline, environ or maps waits for the lock of the process's memory (mmap_lock),
/// and a process can hold that as long as its owner likes, through a page of a file system of his own. /proc/PID/stat, status, comm, exe
/// and fd are the kernel's own knowledge and take no such lock: by them a process is chosen, before anything else of it is looked at.
/// </summary>
static class NodeProcesses
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The numbers of all.</summary>
    public static IEnumerable<int> Pids() => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0);

    /// <summary>The file name of a process's program; null for one that has none or has ended.</summary>
    public static string? ProgramOf(int pid)
    {
        const string Replaced = " (deleted)"; // by an update, while it ran
        try
        {
            var path = new FileInfo($"/proc/{pid}/exe").LinkTarget;
            return Path.GetFileName(path is not null && path.EndsWith(Replaced, StringComparison.Ordinal) ? path[..^Replaced.Length] : path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Those of root that run one of these programs. sudo, su and their like are root's from their first instruction, with the words of whoever called them: they do not count.</summary>
    /// <param name="programs">File names.</param>
    public static IEnumerable<int> OfRoot(params IReadOnlyList<string> programs) => Pids().Where(pid => IsRoots(pid, programs));

    /// <summary>Those of root with one of these programs and such arguments, held so that none can be mistaken for a later one of the same number.</summary>
    public static IReadOnlyList<ProcessHandle> Find(IReadOnlyList<string> programs, Func<IReadOnlyList<string>, bool> isSo) =>
        [.. OfRoot(programs).Where(pid => isSo(Arguments(pid))).Select(pid => Hold(pid, programs, isSo)).OfType<ProcessHandle>()];

    static ProcessHandle? Hold(int pid, IReadOnlyList<string> programs, Func<IReadOnlyList<string>, bool> isSo)
    {
        var process = ProcessStatus.Of(pid) is { IsZombie: false } ? ProcessHandle.Open(pid) : null;
        // Looked at again now that the pidfd holds it.
        if (process is null || (IsRoots(pid, programs) && isSo(Arguments(pid))))
            return process;
        process.Dispose();
        return null;
    }

    static bool IsRoots(int pid, IReadOnlyList<string> programs)
    {
        try
        {
            return ProgramOf(pid) is { } program && programs.Contains(program) && Files.Facts($"/proc/{pid}") is { Uid: 0 }
                && (File.GetUnixFileMode($"/proc/{pid}/exe") & UnixFileMode.SetUser) == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What a process was started with. A child reads it, which may be left behind: only it can wait for ever.</summary>
    /// <returns>Nothing when the process has ended, or does not let anybody know in time.</returns>
    public static IReadOnlyList<string> Arguments(int pid)
    {
        try
        {
            var words = CommandRunner.Run(["cat", $"/proc/{pid}/cmdline"], Patience);
            return words.Status == 0 ? [.. InitialProcess.Split(Encoding.UTF8.GetBytes(words.Output)).Select(Encoding.UTF8.GetString)] : [];
        }
        catch (ApplianceException)
        {
            return [];
        }
    }
}
