using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Jobs.Benchmark;
using VmAppliance.Linux;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance bench</c>: what a clean machine costs on this node, beside other ways to get one.</summary>
static class BenchMode
{
    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var image = new Option<string>("--image") { Description = "The image of the machines.", Required = true };
        var rounds = new Option<int>("--rounds") { Description = "How often each way is gone.", DefaultValueFactory = _ => 5 };
        var ways = new Option<string[]>("--way") { Description = "Another way to compare with, as NAME=PROGRAM (may be repeated): a program that makes a machine, "
            + "has a command in it print one line, and destroys it. The first is what ratios are of." };
        var starter = new Option<bool>("--starter") { Description = "Compare the starter with the OpenSSH client, too: gibibytes, minutes." };
        var json = new Option<string?>("--json") { Description = "Write JSON to this file, too." };
        var chart = new Option<string?>("--chart") { Description = "Write a chart (SVG) to this file, too." };
        var command = new Command("bench", "Measure what a clean machine costs on this node.") { image, rounds, ways, starter, json, chart };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("measure");
            var others = (parsed.GetValue(ways) ?? []).Select(Other).ToList();
            var figures = Measure(configuration(parsed), parsed.GetRequiredValue(image), parsed.GetValue(rounds), others, parsed.GetValue(starter));
            if (parsed.GetValue(chart) is { } file)
                Files.Replace(Path.GetFullPath(file), Encoding.UTF8.GetBytes(BenchChart.Draw(figures)), 0x1A4 /* 0644 */);
            if (parsed.GetValue(json) is { } data)
                Files.Replace(Path.GetFullPath(data), JsonSerializer.SerializeToUtf8Bytes(figures, FigureJson.Default.ListFigure), 0x1A4);
            Print(figures, others.Count > 0 ? others[0].Name : CycleBenchmark.Resumed);
            return 0;
        });
        return command;
    }

    static List<Figure> Measure(string configuration, string image, int rounds, IReadOnlyList<Way> others, bool withStarter)
    {
        if (rounds < 1)
            throw new ApplianceException(Blame.Usage, "measure", $"--rounds {rounds}", "at least one is needed");
        var node = new Node(ConfigurationFile.Load(configuration));
        node.Images.Get(image);
        if (withStarter)
            StarterBenchmark.Require(configuration);
        using var progress = new Progress();
        var cycles = new CycleBenchmark(node, configuration, image, others, progress.Show);
        var starter = new StarterBenchmark(node, progress.Show);
        cycles.Run(rounds);
        cycles.RunTogether(rounds);
        cycles.Weigh();
        return [.. cycles.Figures, .. withStarter ? starter.Run(cycles.Ours("held", "echo started; cat"), rounds) : []];
    }

    static Way Other(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } program] && File.Exists(program)
        ? new Way(name, [Path.GetFullPath(program)], [.. InitialProcess.Environment().Select(Encoding.UTF8.GetString)])
        : throw new ApplianceException(Blame.Usage, "measure", $"--way {text}", "it is no NAME=PROGRAM, or there is no such program");

    // Ratios are of the first way that was named, or of the OpenSSH client.
    static void Print(List<Figure> figures, string reference) =>
        Table.Print(["MEASURED", "WAY", "MEDIAN", "LEAST", "MOST", "RATIO"], figures.Select((f, i) => (string[])
        [
            i > 0 && figures[i - 1].Subject == f.Subject ? "" : f.Subject, f.Way, Text($"{f.Median:0} {f.Unit}"), Text($"{f.Least:0}"), Text($"{f.Most:0}"),
            f.Subject != Figure.Step && figures.FirstOrDefault(r => r.Subject == f.Subject && (r.Way == reference || r.Way == StarterBenchmark.Client)) is { Median: > 0 } other
                ? Text($"{f.Median / other.Median:0.00}") : "",
        ]));

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
