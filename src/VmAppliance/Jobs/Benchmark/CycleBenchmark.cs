using System.Globalization;
using VmAppliance.Linux;

namespace VmAppliance.Jobs.Benchmark;

/// <summary>Whole cycles, the ways in turns in one run: what makes one slow makes all slow, and the ratios stay.</summary>
/// <param name="node">This node.</param>
/// <param name="configuration">Its configuration file.</param>
/// <param name="image">The image of the machines.</param>
/// <param name="others">Ways to compare ours with.</param>
/// <param name="progress">Told what is being done, and how much of it.</param>
sealed class CycleBenchmark(Node node, string configuration, string image, IReadOnlyList<Way> others, Action<string, double> progress)
{
    /// <summary>Names of our own ways, and of the zero line.</summary>
    public const string Resumed = "resumed", Cold = "cold", Native = "native";

    readonly List<Measurements> _all = [];

    /// <summary>All that was measured so far.</summary>
    public IEnumerable<Figure> Figures => _all.Select(m => m.Figure);

    /// <summary>Our way with a template, or without.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="script">What the job does.</param>
    /// <param name="options">Options of <c>run</c>.</param>
    public Way Ours(string name, string script, params string[] options) =>
        new(name, [Host.Executable, "--config", configuration, "run", "--image", image, "--timeline", .. options, "--", "sh", "-c", script]);

    /// <summary>Goes each way so many times.</summary>
    public void Run(int rounds)
    {
        Way[] ways = [new Way(Native, ["sh", "-c", "echo started"]), Ours(Resumed, "echo started"), Ours(Cold, "echo started", "--cold"), .. others];
        for (var turn = 0; turn < rounds * ways.Length; turn++)
        {
            var way = ways[turn % ways.Length];
            progress($"round {(turn / ways.Length) + 1} of {rounds}: {way.Name}", (double)turn / (rounds * ways.Length));
            using var trial = Trial.Start(way).Ended();
            Add(Figure.First, way.Name, trial.First);
            Add(Figure.Whole, way.Name, trial.Whole);
            if (way.Name == Resumed)
                Read(trial.Errors);
        }
    }

    /// <summary>Ours and the first of the others, several at once, in turns.</summary>
    public void RunTogether(int rounds)
    {
        int[] counts = [1, 2, 4, 8];
        foreach (var count in counts.Where(c => c <= node.Leases.Slots))
            for (var round = 0; round < rounds; round++)
                foreach (var way in others.Take(1).Prepend(Ours(Resumed, "echo started")))
                {
                    progress($"{count} at once: {way.Name}", count / 9.0);
                    Add($"all of {count} at once have begun", way.Name, Together([.. Enumerable.Repeat(way, count)], _ => { }));
                }
    }

    /// <summary>How much memory machines take that were resumed from one template: each one's proportional share.</summary>
    public void Weigh()
    {
        int[] counts = [1, 4];
        foreach (var count in counts.Where(c => c <= node.Leases.Slots))
        {
            progress($"memory of {count}", count / 5.0);
            Together([.. Enumerable.Repeat(Ours(Resumed, "echo started; cat"), count)], trials =>
            {
                foreach (var trial in trials)
                    Add($"memory (PSS) of each of {count}", Resumed, Pss(node.Leases.Records().Single(r => r.Key.Id == $"run{trial.Pid}").Machine.Pid), "MiB");
            });
        }
    }

    void Add(string subject, string way, double measured, string unit = "ms")
    {
        if (_all.Find(m => m.AreOf(subject, way)) is not { } measurements)
            // What can be compared stands together.
            _all.Insert(_all.FindLastIndex(m => m.AreOf(subject, null)) is >= 0 and var last ? last + 1 : _all.Count, measurements = new Measurements(subject, way, unit));
        measurements.Add(measured);
    }

    static double Together(IReadOnlyList<Way> ways, Action<IReadOnlyList<Trial>> whileAllRun)
    {
        List<Trial> trials = [];
        try
        {
            trials.AddRange(ways.Select(Trial.Start));
            // Each takes the time when it is looked at: the last one's is when all have begun.
            trials.ForEach(t => t.Begun());
            whileAllRun(trials);
            trials.ForEach(t => t.Ended());
            return trials[^1].First;
        }
        finally
        {
            trials.ForEach(t => t.Dispose());
        }
    }

    static double Pss(int pid) => double.Parse(File.ReadLines($"/proc/{pid}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    // "claim 2 ms · wipe 1 ms · … · own cpu 58 ms"
    void Read(string timeline)
    {
        foreach (var words in timeline.Trim().Split(" · ").Select(step => step.Split(' ')).Where(words => words is [.., "ms"]))
            Add(Figure.Step, string.Join(' ', words[..^2]), double.Parse(words[^2], CultureInfo.InvariantCulture));
    }
}
