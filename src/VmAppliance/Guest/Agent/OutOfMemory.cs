using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Whether the kernel ends processes of a job because the machine has no memory left. To the job that is a KILL out of nothing: a batch system's
/// limit lets a job use more than its machine has.
/// </summary>
sealed partial class OutOfMemory : IDisposable
{
    const string Log = "/dev/kmsg", Counters = "/proc/vmstat", Memory = "/proc/iomem";
    const int LongestRecord = 8192, MostRecords = 10_000;
    const long Mebibyte = 1 << 20;

    readonly int _uid;
    readonly long _before = Count();
    readonly Descriptor? _log = OpenLog();

    /// <summary>Begins to look.</summary>
    /// <param name="uid">Whose processes the job's are.</param>
    public OutOfMemory(int uid) => _uid = uid;

    /// <summary>What has happened to the job, as a sentence and a hint; null when nothing has.</summary>
    public string? Sentence()
    {
        if (Count() == _before || Records().Select(r => Victim(r, _uid)).FirstOrDefault(v => v is not null) is not { } victim)
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"the memory of its machine, {Size()} MiB, was too small: the kernel ended {victim}\n")
            + "(hint: it is not made larger by a job's limits, such as h_vmem; set memory or memory_per_slot of [image:NAME], or say --memory to run)";
    }

    /// <summary>Whom a record of the kernel's log says to be ended for want of memory: <c>process PID (NAME)</c>.</summary>
    /// <param name="record">As /dev/kmsg gives it.</param>
    /// <param name="uid">Nobody's but this user's; kernels before 5.4 do not say whose.</param>
    /// <returns>Null when it is another record, or somebody else's process.</returns>
    public static string? Victim(string record, int uid) =>
        Killed().Match(record) is { Success: true } match && (match.Groups["uid"] is not { Success: true } owner || owner.Value == ((uint)uid).ToString(CultureInfo.InvariantCulture))
            ? $"process {match.Groups["pid"].Value} {match.Groups["name"].Value}" : null;

    /// <summary>How much memory this machine has, in MiB: proc(5) under /proc/iomem; what little its firmware keeps is counted.</summary>
    /// <param name="map">The lines of the file.</param>
    public static long MiB(IEnumerable<string> map) => (map.Where(l => l.EndsWith(" : System RAM", StringComparison.Ordinal) && l[0] != ' ')
        .Select(l => l.Split(' ')[0].Split('-')).Sum(r => Hexadecimal(r[1]) + 1 - Hexadecimal(r[0])) + Mebibyte - 1) / Mebibyte;

    // Only root sees the addresses.
    static long Size() => MiB(File.ReadLines(Memory)) is > 1 and var size ? size : MemoryInfo.Of("MemTotal") / Mebibyte;

    static long Hexadecimal(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // oom_kill, since Linux 4.13; a kernel without it is asked for its log alone.
    static long Count()
    {
        const string name = "oom_kill ";
        return File.ReadLines(Counters).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? long.Parse(line[name.Length..], CultureInfo.InvariantCulture) : -1;
    }

    static Descriptor? OpenLog()
    {
        try
        {
            var log = Descriptor.Open(Log, OpenMode.Read | OpenMode.NonBlocking);
            log.SeekEnd();
            return log;
        }
        catch (LinuxException)
        {
            // Who may not read it is not told.
            return null;
        }
    }

    // A read gives one record; one that was overwritten meanwhile is EPIPE, and the next read goes on.
    IEnumerable<string> Records()
    {
        var buffer = new byte[LongestRecord];
        for (var turns = _log is null ? 0 : MostRecords; turns > 0; turns--)
        {
            int count;
            try
            {
                count = _log!.Read(buffer);
            }
            catch (LinuxException e) when (e.Errno == Errno.EPIPE)
            {
                continue;
            }
            if (count <= 0)
                yield break;
            yield return Encoding.UTF8.GetString(buffer, 0, count);
        }
    }

    // A control group's own limit is none of the machine's: "Memory cgroup out of memory: …".
    [GeneratedRegex(@"^[^;]*;Out of memory[^\n]*: Kill(ed)? process (?<pid>\d+) (?<name>\([^\n]*\))[ ,](?:[^\n]* UID:(?<uid>\d+) )?", RegexOptions.CultureInvariant)]
    private static partial Regex Killed();

    public void Dispose() => _log?.Dispose();
}
