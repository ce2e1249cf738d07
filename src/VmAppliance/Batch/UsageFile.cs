using System.Globalization;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Batch;

/// <summary>The <c>usage</c> file of a finished job, which execd reads after the epilog: NAME=value lines, times in seconds, memory in KiB.</summary>
static class UsageFile
{
    const int Largest = 1 << 16;
    const string Status = "exit_status=";

    /// <summary>Adds what the job's machine used to what the job's processes on the node used.</summary>
    /// <param name="spoolDirectory">A trusted spool directory.</param>
    /// <param name="user">CPU time in user mode.</param>
    /// <param name="system">CPU time in the kernel.</param>
    /// <param name="peakKiB">Most memory in use, in KiB.</param>
    /// <exception cref="LinuxException">The file cannot be read or replaced.</exception>
    public static void Add(string spoolDirectory, TimeSpan user, TimeSpan system, long peakKiB)
    {
        var path = $"{spoolDirectory}/usage";
        var before = Files.ReadNoFollow(path, Largest, out var facts);
        var after = Added(Encoding.UTF8.GetString(before), user, system, peakKiB);
        Files.Replace(path, Encoding.UTF8.GetBytes(after), facts.Mode & 0x1FF, facts.Uid, -1);
    }

    /// <summary>The exit status of the job, or of what was to start it; null when it is not known.</summary>
    /// <param name="spoolDirectory">A trusted spool directory.</param>
    public static int? ExitStatus(string spoolDirectory)
    {
        try
        {
            return ExitStatusOf(Encoding.UTF8.GetString(Files.ReadNoFollow($"{spoolDirectory}/usage", Largest, out _)));
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>The exit status in the file's text; null when it has none.</summary>
    public static int? ExitStatusOf(string text)
    {
        var line = text.Split('\n').FirstOrDefault(l => l.StartsWith(Status, StringComparison.Ordinal));
        return int.TryParse(line?[Status.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? status : null;
    }

    /// <summary>The file's text with the machine's usage added.</summary>
    public static string Added(string text, TimeSpan user, TimeSpan system, long peakKiB) =>
        string.Join('\n', text.Split('\n').Select(line => line.Split('=', 2) switch
        {
            ["ru_utime", var value] => Sum("ru_utime", value, user.TotalSeconds),
            ["ru_stime", var value] => Sum("ru_stime", value, system.TotalSeconds),
            ["ru_maxrss", var value] => Sum("ru_maxrss", value, peakKiB),
            _ => line,
        }));

    static string Sum(string name, string value, double more) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var had)
            ? string.Create(CultureInfo.InvariantCulture, $"{name}={had + more:0.######}") : $"{name}={value}";
}
