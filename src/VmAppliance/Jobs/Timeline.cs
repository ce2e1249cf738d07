using System.Diagnostics;
using System.Globalization;

namespace VmAppliance.Jobs;

/// <summary>How long each step of a cycle took.</summary>
sealed class Timeline
{
    readonly Stopwatch _watch = Stopwatch.StartNew();
    readonly List<(string Step, double Milliseconds)> _steps = [];
    double _last;

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<(string Step, double Milliseconds)> Steps => _steps;

    /// <summary>A step has ended.</summary>
    public void Mark(string step)
    {
        var now = _watch.Elapsed.TotalMilliseconds;
        _steps.Add((step, now - _last));
        _last = now;
    }

    /// <summary>One line: <c>claim 2 ms · wipe 1 ms · …</c></summary>
    public override string ToString() => string.Join(" · ", _steps
        .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Step} {s.Milliseconds:0} ms")));
}
