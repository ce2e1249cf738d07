using TUnit.Core.Interfaces;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>
/// A Grid Engine cell of the tests' own on this host, for the whole session. At most two of its jobs have machines at a time; the
/// others wait in its queues, so tests may submit as they like.
/// </summary>
sealed class Cell : IAsyncInitializer, IAsyncDisposable
{
    /// <summary>An account that submits jobs.</summary>
    public const string Owner = "vmauser1";

    /// <summary>Another one.</summary>
    public const string Other = "vmauser2";

    const string FromInput = "shell_start_mode script_from_stdin", ByFirstLine = "shell_start_mode unix_behavior";

    // Jobs of the queues that are left out have no machines, or never get as far; the jobs of pe.q and size.q would wait for both slots for ever.
    const string MachineLimit = """
        {
           name         machines
           description  "as many machines as the host has processors"
           enabled      TRUE
           limit        queues *,!plain.q,!plainstdin.q,!plainunix.q,!native.q,!lost.q,!missing.q,!pe.q,!size.q to slots=2
        }

        """;

    readonly List<GridQueue> _queues = [];
    readonly Dictionary<string, string> _variables = new() { ["SGE_SINGLE_LINE"] = "1" };
    int _files;

    /// <summary>The session.</summary>
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    /// <summary>The node that runs the queues' jobs.</summary>
    public Node Node => Session.With("grid", "slots.count = 3", "queue:vm.q.image = demo", "queue:pe.q.image = demo", "queue:unix.q.image = demo", "queue:stdin.q.image = demo", "queue:native.q.image = none",
        "queue:notify.q.image = demo",
        "image:demo.missing_directory = make", "queue:crash.q.image = demo", "queue:steer.q.image = demo", "queue:sudo.q.image = demo", "queue:missing.q.image = nosuch");

    /// <summary>Where the cell is.</summary>
    public string Home => $"{Session.Directory}/cell";

    /// <summary>Where Grid Engine has what it knows of the jobs on this host.</summary>
    public string Spool => Directory.GetDirectories($"{Home}/spool/execd").Single();

    /// <summary>Where Grid Engine writes down which jobs have ended.</summary>
    public string AccountingFile => $"{Home}/root/default/common/accounting";

    /// <summary>Attributes of a queue that no test has changed, as qconf prints them.</summary>
    public string PlainQueue { get; private set; } = "";

    public async Task InitializeAsync()
    {
        foreach (var home in Stale())
            await Script("down", home).Run();
        await (Script("up", Home, "--slots", "2") with { Deadline = TimeSpan.FromMinutes(5) }).Require();
        foreach (var variable in (await Script("env", Home).Require()).Trim().Split(' ').Select(v => v.Split('=')).Where(v => v.Length == 2))
            _variables[variable[0]] = variable[1];
        PlainQueue = await Admin("qconf", "-sq", "native.q").Require();
        await File.WriteAllTextAsync($"{Home}/limit", MachineLimit);
        await Admin("qconf", "-Arqs", $"{Home}/limit").Require();
        await GridQueue.Add(this, "plain.q");
        await GridQueue.Add(this, "plainstdin.q", FromInput);
        await GridQueue.Add(this, "plainunix.q", ByFirstLine);
        _queues.AddRange([new GridQueue(this, "vm.q"), new GridQueue(this, "native.q"),
            await GridQueue.Add(this, "unix.q", ByFirstLine), await GridQueue.Add(this, "stdin.q", FromInput),
            // Long enough for a signal on the busiest host: a job that hears it does not wait for the end of this.
            await GridQueue.Add(this, "notify.q", "notify 00:01:00")]);
        foreach (var queue in _queues)
            await queue.Setup(Node.Hooks);
    }

    /// <summary>What points a command at this cell.</summary>
    public IReadOnlyDictionary<string, string> Variables => _variables;

    /// <summary>A command of Grid Engine's as its manager.</summary>
    public Command Admin(params IEnumerable<string> words) => new Command(words) { Environment = _variables };

    /// <summary>A command of Grid Engine's as a user, in the user's home.</summary>
    public Command As(string user, params IEnumerable<string> words) => Script(["as", user, Home, .. words]);

    /// <summary>A new directory for the files of a job; everyone may write there.</summary>
    public async Task<string> NewDirectory()
    {
        var path = $"{Session.Directory}/jobs/{Interlocked.Increment(ref _files)}";
        await new Command("install", "-d", "-m", "777", path).Require();
        return path;
    }

    /// <summary>Submits a job.</summary>
    public Task<GridJob> Submit(Submission submission) => GridJob.Submit(this, submission);

    /// <summary>Submits a job and waits for its end.</summary>
    public async Task<FinishedJob> Run(Submission submission)
    {
        await using var job = await Submit(submission);
        return await job.End();
    }

    // Of sessions that were killed: they would keep the accounts and the ports.
    static IEnumerable<string> Stale() => Directory.GetDirectories("/var/lib", "vma-test-*")
        .Where(d => !Directory.Exists($"/proc/{d.Split('-')[^1]}")).Select(d => $"{d}/cell").Where(Directory.Exists);

    static Command Script(params IEnumerable<string> words) => new([Repository.At("tests/grid-engine/cell.sh"), .. words]);

    public async ValueTask DisposeAsync()
    {
        if (!Directory.Exists(Home))
            return;
        var trouble = new List<string>();
        foreach (var queue in _queues)
            trouble.AddRange(await queue.Undo());
        trouble.AddRange(Node.Rests());
        trouble.AddRange((await Admin("qstat", "-u", "*").Run()).Lines.Where(l => l.Length > 0).Select(l => $"job {l}"));
        var down = await (Script("down", Home) with { Deadline = TimeSpan.FromMinutes(2) }).Run();
        if (down.Status != 0 || Directory.Exists(Home))
            trouble.Add($"the cell: {down}");
        trouble.AddRange(RunningProcess.Mentioning("/sge_").Where(p => p.CommandLine.Contains(Session.Directory, StringComparison.Ordinal)).Select(p => $"process {p}"));
        if (trouble.Count > 0)
            throw new InvalidOperationException($"left behind by the tests of Grid Engine:\n{string.Join('\n', trouble)}");
    }
}
