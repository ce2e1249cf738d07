using System.Globalization;
using System.Text;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>A process as proc(5) shows it.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Name">Name of its program.</param>
/// <param name="CommandLine">Its arguments, separated by blanks.</param>
sealed record RunningProcess(int Pid, string Name, string CommandLine)
{
    /// <summary>All processes with this text in their command line, this one excepted.</summary>
    public static IReadOnlyList<RunningProcess> Mentioning(string text) =>
        [.. Directory.GetDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => n.All(char.IsAsciiDigit))
            .Select(n => int.Parse(n, CultureInfo.InvariantCulture)).Where(pid => pid != Environment.ProcessId)
            .Select(Read).OfType<RunningProcess>().Where(p => p.CommandLine.Contains(text, StringComparison.Ordinal))];

    /// <summary>A line of /proc/PID/status, such as <c>Uid</c> or <c>VmHWM</c>, as its words.</summary>
    public IReadOnlyList<string> Status(string field) => File.ReadLines($"/proc/{Pid}/status")
        .First(l => l.StartsWith($"{field}:", StringComparison.Ordinal))[(field.Length + 1)..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Sends it a signal.</summary>
    public void Signal(int signal) => _ = Native.kill(Pid, signal);

    /// <summary>A process; null when it is gone.</summary>
    public static RunningProcess? Read(int pid)
    {
        try
        {
            return new RunningProcess(pid, File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n'),
                Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Replace('\0', ' ').TrimEnd());
        }
        catch (IOException)
        {
            return null;
        }
    }

    public override string ToString() => $"{Pid} {CommandLine}";
}
