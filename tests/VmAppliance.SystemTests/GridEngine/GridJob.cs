using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A job in the cell; deleted, if it is still there, when the test is done with it.</summary>
sealed partial class GridJob : IAsyncDisposable
{
    const int DeletionTries = 200, TurnSeconds = 300;

    readonly Cell _cell;

    GridJob(Cell cell, Submission submission, string directory, string id) => (_cell, Submission, Directory, Id) = (cell, submission, directory, id);

    /// <summary>What was submitted.</summary>
    public Submission Submission { get; }

    /// <summary>Its number.</summary>
    public string Id { get; }

    /// <summary>The directory of its output files.</summary>
    public string Directory { get; }

    /// <summary>Its spool directory while it is on the host.</summary>
    public string Spool => $"{_cell.Spool}/active_jobs/{Id}.1";

    /// <summary>What it has written to standard output, or its first task has.</summary>
    public string Output => Read("out");

    /// <summary>What it and its hooks have written to standard error.</summary>
    public string Errors => Read("err");

    /// <summary>Its lease on the node, whether there is one or not.</summary>
    public string Lease => $"{_cell.Node.RunDirectory}/leases/{Id}.1";

    /// <summary>The process that Grid Engine's shepherd has started for it and waits for: its prolog, its starter or its epilog.</summary>
    public RunningProcess Hook
    {
        get
        {
            var shepherd = File.ReadAllText($"{Spool}/pid").Trim();
            return RunningProcess.Read(int.Parse(File.ReadAllText($"/proc/{shepherd}/task/{shepherd}/children"), CultureInfo.InvariantCulture))!;
        }
    }

    /// <summary>Its machine on any node of the session; null when there is none.</summary>
    public RunningProcess? Machine =>
        RunningProcess.Mentioning($"-name vma-{Id}.1 ").SingleOrDefault(p => p.Name.StartsWith("qemu", StringComparison.Ordinal));

    /// <summary>Whether a run of it has ended: Grid Engine writes a line then, which is cheaper to look at than to ask.</summary>
    public bool HasRun => File.Exists(_cell.AccountingFile) && File.ReadLines(_cell.AccountingFile).Any(l => l.Split(':') is { Length: > 5 } fields && fields[5] == Id);

    /// <summary>The process of its starter.</summary>
    public RunningProcess Starter => RunningProcess.Read(int.Parse(File.ReadAllText($"{Spool}/job_pid"), CultureInfo.InvariantCulture))
        ?? throw new InvalidOperationException($"job {Id} has no starter");

    /// <summary>Submits a job.</summary>
    public static async Task<GridJob> Submit(Cell cell, Submission submission)
    {
        var directory = await cell.NewDirectory();
        string[] what = ["-b", "y"];
        if (submission.Script is not null)
        {
            await File.WriteAllTextAsync($"{directory}/job.sh", submission.Script);
            what = [$"{directory}/job.sh"];
        }
        var qsub = cell.As(submission.Owner, ["qsub", "-terse", "-q", submission.Queue, "-o", $"{directory}/out", "-e", $"{directory}/err", .. submission.Options]);
        var answer = await submission.RawOptions.Aggregate(qsub, (command, option) => command.And(option)).And([.. what, .. submission.Words]).Require();
        return new GridJob(cell, submission, directory, Number().Match(answer).Value);
    }

    /// <summary>Waits for its end.</summary>
    public async Task<FinishedJob> End()
    {
        await Started();
        await Patience.Until($"the end of job {Id}", async () => HasRun && await State() switch
        {
            "" => true,
            "Eqw" => throw new InvalidOperationException($"job {Id} is in error state: {Errors}"),
            _ => false,
        }, seconds: 400);
        return new FinishedJob(Id, Output, Errors, await Runs(1));
    }

    /// <summary>The accounts of its runs and tasks, when there are so many of them.</summary>
    public async Task<IReadOnlyList<Accounting>> Runs(int count)
    {
        IReadOnlyList<Accounting> runs = [];
        await Patience.Until($"{count} records of job {Id} in qacct", seconds: TurnSeconds, isSo: async () =>
            (await _cell.Admin("qacct", "-j", Id).Run()) is { Status: 0 } found && (runs = Accounting.Parse(found.Text)).Count >= count);
        return runs;
    }

    /// <summary>Until it has written this to standard output.</summary>
    public async Task Says(string text)
    {
        await Started();
        await Until($"'{text}'", () => Task.FromResult(Output.Contains(text, StringComparison.Ordinal)
            || (HasRun ? throw new InvalidOperationException($"job {Id} ended without saying '{text}': {Output}{Errors}") : false)));
    }

    /// <summary>Its state as qstat shows it; empty when it is gone.</summary>
    public async Task<string> State() => (await _cell.Admin("qstat", "-u", "*").Require()).Split('\n')
        .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 4 && w[0] == Id).Select(w => w[4]).FirstOrDefault() ?? "";

    /// <summary>Until qstat shows this state.</summary>
    public Task Becomes(string state) => Until($"state '{state}'", async () => await State() == state);

    /// <summary>Until its machine is in this phase.</summary>
    // A phase lasts some tenths of a second: to ask Grid Engine meanwhile could take as long.
    public Task Reaches(string phase) =>
        Until($"phase {phase}", () => Task.FromResult(Phase() == phase), TurnSeconds * 2, TimeSpan.FromMilliseconds(5));

    /// <summary>Until its turn has come: other tests' jobs may be before it.</summary>
    public Task Started() => Patience.Until($"the start of job {Id}", async () => await State() is not ("qw" or "Rq"), TurnSeconds);

    /// <summary>Until something of it is so; else the message tells all about it.</summary>
    public async Task Until(string what, Func<Task<bool>> isSo, int seconds = 300, TimeSpan? between = null)
    {
        try
        {
            await Patience.Until(what, isSo, seconds, between);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; {await Report()}", e);
        }
    }

    /// <summary>qdel, as its owner.</summary>
    public Task Delete() => _cell.As(Submission.Owner, "qdel", Id).Require();

    /// <summary>qmod, as its owner.</summary>
    public Task Modify(string option) => _cell.As(Submission.Owner, "qmod", option, Id).Require();

    string? Phase()
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes($"{Lease}/record.json")).RootElement.GetProperty("phase").GetString();
        }
        catch (IOException)
        {
            return null;
        }
    }

    string Read(string name) => File.Exists($"{Directory}/{name}") ? File.ReadAllText($"{Directory}/{name}") : "";

    /// <summary>All that can be said of it, for the message of a test that fails.</summary>
    public async Task<string> Report() => $"job {Id}: state '{await State()}', phase {Phase()}, machine {Machine?.Pid}, output '{Output}', errors '{Errors}'";

    // Throws nothing, which would hide why a test failed. What cannot be deleted is found at the cell's end.
    public async ValueTask DisposeAsync()
    {
        var isGone = await State() == "";
        for (var tries = 0; !isGone && tries < DeletionTries; tries++, isGone = await State() == "")
        {
            if (tries % 10 == 0)
                await _cell.Admin("qdel", Id).Run();
            await Patience.Pause();
        }
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}

/// <summary>A job that has ended.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it and its hooks wrote to standard error.</param>
/// <param name="Runs">Its records in qacct.</param>
sealed record FinishedJob(string Id, string Output, string Errors, IReadOnlyList<Accounting> Runs)
{
    /// <summary>The record of its last run.</summary>
    public Accounting Account => Runs[^1];

    /// <summary>How it ended and what it said, for one comparison.</summary>
    public string Summary => $"status {Account.ExitStatus}, output '{Output}', errors '{Errors}'";
}
