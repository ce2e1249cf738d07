using System.Globalization;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The last step of a job with resource limits: sets them on itself and becomes the job.</summary>
static class LimitedStart
{
    /// <summary>The word behind <c>vmappliance guest</c>.</summary>
    public const string Verb = "limited";

    /// <summary>The same, once whoever has started it has closed the pipe behind its report: until then it does not count yet.</summary>
    public const string WaitingVerb = "limited-wait";

    // The descriptors behind the job's own.
    const int Report = 3, Gate = 4;

    const int Words = 5; // program, guest, limited, LIMITS, FILE; then the job's argv

    /// <summary>Limits as an argument: <c>RESOURCE:SOFT:HARD,…</c></summary>
    public static string Text(IEnumerable<Limit> limits) =>
        string.Join(',', limits.Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Resource}:{l.Soft}:{l.Hard}")));

    /// <summary>Reads what <see cref="Text"/> wrote.</summary>
    public static IReadOnlyList<Limit> Parse(string text) => [.. text.Split(',').Select(part => part.Split(':'))
        .Select(p => new Limit(int.Parse(p[0], CultureInfo.InvariantCulture), ulong.Parse(p[1], CultureInfo.InvariantCulture), ulong.Parse(p[2], CultureInfo.InvariantCulture)))];

    /// <summary>Becomes the job; returns only if that fails, and says why to who waits for it: errno(3) as the bytes of an int.</summary>
    /// <param name="waits">Whether it waits at the gate first.</param>
    public static int Run(bool waits)
    {
        using var report = new Descriptor(Report);
        report.CloseOnExec();
        if (waits)
            AwaitGate();
        var words = InitialProcess.Arguments();
        try
        {
            Exec.Replace(words[Words - 1], [.. words.Skip(Words)], InitialProcess.Environment(), Parse(Encoding.UTF8.GetString(words[Words - 2])));
        }
        catch (LinuxException e)
        {
            report.WriteAll(BitConverter.GetBytes(e.Errno));
        }
        return 1;
    }

    static void AwaitGate()
    {
        using var gate = new Descriptor(Gate);
        gate.Read(new byte[1]);
    }
}
