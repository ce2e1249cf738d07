using System.Globalization;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Processes;

/// <summary>What to say when somebody does not let go of a lock.</summary>
static class FileLockTrouble
{
    /// <summary>The failure of who waited in vain; it may work if it is tried again.</summary>
    /// <param name="operation">What was being done, e.g. "lock node".</param>
    /// <param name="path">The lock file.</param>
    /// <param name="patience">How long somebody has had it.</param>
    public static ApplianceException Of(string operation, string path, TimeSpan patience)
    {
        var time = string.Create(CultureInfo.InvariantCulture, $"{patience.TotalSeconds:0} s");
        return FileLock.HolderOf(path) is { } pid
            ? new ApplianceException(Blame.Transient, operation, path, $"process {pid}{Name(pid)} has held it for {time}", $"see what it does: cat /proc/{pid}/stack /proc/{pid}/wchan")
            : new ApplianceException(Blame.Transient, operation, path, $"somebody has held it for {time}", $"see who: fuser -v {path}");
    }

    static string Name(int pid)
    {
        try
        {
            return $" ({File.ReadAllText($"/proc/{pid}/comm").TrimEnd()})";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
