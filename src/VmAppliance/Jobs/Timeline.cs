using System.Diagnostics;
using System.Globalization;

namespace VmAppliance.Jobs;

/// <summary>How long each step of a cycle took.</summary>
sealed class Timeline
{
    readonly Stopwatch _watch = Stopwatch.StartNew();
    readonly List<(string Step, double Milliseconds)> _steps = [];
    double _last, _cpu, _jobsCpu;

    /// <summary>The step in which the job runs, and what <see cref="Full"/> calls the cpu time of all others.</summary>
    public const string Job = "run", OwnCpuName = "own cpu";

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<(string Step, double Milliseconds)> Steps => _steps;

    /// <summary>A step has ended.</summary>
    public void Mark(string step)
    {
        var now = _watch.Elapsed.TotalMilliseconds;
        _steps.Add((step, now - _last));
        _last = now;
        var cpu = Environment.CpuUsage.TotalTime.TotalMilliseconds;
        if (step == Job)
            _jobsCpu = cpu - _cpu;
        _cpu = cpu;
    }

    /// <summary>The same, and what this program itself used of the cpu in all steps but the job's; its machine is a process of its own.</summary>
    public string Full => string.Create(CultureInfo.InvariantCulture, $"{this} · {OwnCpuName} {_cpu - _jobsCpu:0} ms");

    /// <summary>One line: <c>claim 2 ms · wipe 1 ms · …</c></summary>
    public override string ToString() => string.Join(" · ", _steps
        .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Step} {s.Milliseconds:0} ms")));
}
