using System.Globalization;
using System.Text;
using VmAppliance.Jobs.Benchmark;

namespace VmAppliance.Modes.Maintenance;

/// <summary>The figures as a picture: a bar for each way, and the steps of a resumed cycle on a line of time.</summary>
static class BenchChart
{
    const int Width = 860, Label = 150, Bar = 560, RowHeight = 30, Margin = 20, BarHeight = 18;

    static readonly string[] s_colours = ["#3b6ea5", "#7aa6c2", "#c9a227", "#8a5a83", "#5b8c5a", "#b5523b", "#777777"];

    /// <summary>Draws it (SVG 1.1).</summary>
    public static string Draw(IReadOnlyList<Figure> figures)
    {
        var svg = new StringBuilder();
        var y = Margin;
        Text(svg, 0, y, "From asking to the job's first instruction (dark) and the whole cycle (light), logarithmic");
        y += RowHeight;
        var whole = figures.Where(f => f.Subject == Figure.Whole).ToList();
        var most = whole.Max(f => (long)f.Median);
        foreach (var first in figures.Where(f => f.Subject == Figure.First))
        {
            var cycle = whole.First(f => f.Way == first.Way);
            var end = Length(cycle.Median, most);
            Text(svg, 0, y, first.Way);
            Box(svg, Label, y, end, "#bcd0e2");
            Box(svg, Label, y, Length(first.Median, most), s_colours[0]);
            Text(svg, Label + end + 8, y, string.Create(CultureInfo.InvariantCulture, $"{first.Median / 1000:0.00} s, {cycle.Median / 1000:0.00} s"));
            y += RowHeight;
        }
        y += RowHeight / 2;
        var steps = figures.Where(f => f.Subject == Figure.Step && f.Way != Jobs.Timeline.OwnCpuName).ToList();
        Text(svg, 0, y, string.Create(CultureInfo.InvariantCulture, $"A resumed cycle, step by step: {steps.Sum(s => s.Median):0} ms"));
        y += RowHeight;
        Steps(svg, steps, y);
        y += RowHeight * 2;
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {y}" font-family="sans-serif" font-size="13">
            <rect width="{Width}" height="{y}" fill="white"/>
            {svg}</svg>

            """;
    }

    static void Steps(StringBuilder svg, List<Figure> steps, int y)
    {
        double x = 0, whole = steps.Sum(s => s.Median);
        for (var number = 0; number < steps.Count; number++)
        {
            var step = steps[number];
            var width = step.Median / whole * (Width - Margin);
            Box(svg, x, y, width, s_colours[number % s_colours.Length]);
            // A name needs room; what is too short for one takes no time worth a name.
            if (width > step.Way.Length * 7)
                Text(svg, x + 3, y + BarHeight + 2, string.Create(CultureInfo.InvariantCulture, $"{step.Way} {step.Median:0} ms"));
            x += width;
        }
    }

    // 1 ms is the left end.
    static double Length(double milliseconds, double most) => Bar * Math.Clamp(Math.Log10(Math.Max(milliseconds, 1)) / Math.Log10(Math.Max(most, 10)), 0, 1);

    static void Box(StringBuilder svg, double x, int y, double width, string colour) => svg.Append(CultureInfo.InvariantCulture,
        $"<rect x=\"{x:0.#}\" y=\"{y - BarHeight + 4}\" width=\"{Math.Max(width, 1):0.#}\" height=\"{BarHeight}\" fill=\"{colour}\"/>\n");

    static void Text(StringBuilder svg, double x, int y, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 4:0.#}\" y=\"{y}\">{text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)}</text>\n");
}
