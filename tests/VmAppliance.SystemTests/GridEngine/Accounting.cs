using System.Globalization;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>One record of qacct(1): what Grid Engine knows of a job's (or task's) run that is over.</summary>
sealed record Accounting(IReadOnlyDictionary<string, string> Values)
{
    /// <summary>The job's exit status.</summary>
    public int ExitStatus => Number("exit_status");

    /// <summary>0, or why it failed: 8 in prolog, 25 rescheduled, 30 the job's fault, 100 killed.</summary>
    public int Failed => Number("failed");

    /// <summary>The array task; 0 where there is none.</summary>
    public int Task => Values["taskid"] == "undefined" ? 0 : Number("taskid");

    /// <summary>Processor time, in seconds.</summary>
    public double Cpu => double.Parse(Values["cpu"].TrimEnd('s'), CultureInfo.InvariantCulture);

    /// <summary>Most memory at a time, in KiB. Grid Engine counts it in KiB and shows it as if these were bytes: 353.969KB.</summary>
    public double PeakMemory
    {
        get
        {
            var text = Values["ru_maxrss"].TrimEnd('B');
            var unit = "KMG".IndexOf(text[^1], StringComparison.Ordinal) + 1;
            return double.Parse(unit > 0 ? text[..^1] : text, CultureInfo.InvariantCulture) * Math.Pow(1024, unit);
        }
    }

    /// <summary>All records in the output of qacct -j.</summary>
    public static IReadOnlyList<Accounting> Parse(string text) =>
        [.. text.Split("==============================================================\n", StringSplitOptions.RemoveEmptyEntries).Select(record => new Accounting(
            record.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2))
                .ToDictionary(w => w[0], w => w.Length > 1 ? w[1].Trim() : "")))];

    int Number(string name) => int.Parse(Values[name].Split(' ')[0], CultureInfo.InvariantCulture);

    public override string ToString() => $"exit_status {Values["exit_status"]}, failed {Values["failed"]}, cpu {Values["cpu"]}";
}
