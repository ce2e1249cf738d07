using System.Globalization;

namespace VmAppliance.Linux;

/// <summary>What /proc tells about a process: proc(5).</summary>
/// <param name="StartTicks">Start time in clock ticks since boot: with the pid it names one process for ever.</param>
/// <param name="UserTime">CPU time spent in user mode (a virtual machine's guest time included).</param>
/// <param name="SystemTime">CPU time spent in the kernel.</param>
/// <param name="IsZombie">Ended, and waiting for its parent to notice.</param>
/// <param name="IsStopped">Stopped by a signal or a tracer.</param>
/// <param name="PeakMemoryKiB">VmHWM: the most memory it ever had resident, in KiB.</param>
sealed record ProcessStatus(long StartTicks, TimeSpan UserTime, TimeSpan SystemTime, bool IsZombie, bool IsStopped, long PeakMemoryKiB)
{
    // sysconf(_SC_CLK_TCK) is 100 on every Linux port that .NET runs on.
    const long TicksPerSecond = 100;

    /// <summary>The status of a process; null when there is none.</summary>
    public static ProcessStatus? Of(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/stat"), File.ReadAllLines($"/proc/{pid}/status"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads the text of /proc/PID/stat and the lines of /proc/PID/status.</summary>
    public static ProcessStatus Parse(string stat, string[] status)
    {
        var fields = Fields(stat);
        var peak = status.FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return new ProcessStatus(Number(fields[19]), Time(fields[11]), Time(fields[12]), fields[0] is "Z" or "X", fields[0] is "T" or "t",
            peak is null ? 0 : Number(peak["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim()));
    }

    // The command name may hold blanks and parentheses; fields are counted from behind the last ')', which is field 3.
    static string[] Fields(string stat) => stat[(stat.LastIndexOf(')') + 2)..].Split(' ');

    static TimeSpan Time(string ticks) => TimeSpan.FromSeconds((double)Number(ticks) / TicksPerSecond);

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
