using System.Text.RegularExpressions;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A job sees the same in a machine, on the node behind our hooks (<c>image = none</c>), and in a queue that has no hooks at all.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class SameAsOnTheNodeTests
{
    const string Report = """
        #!/bin/false
        echo "program=$(tr '\0' ' ' < /proc/$$/cmdline)"
        echo "name=$0"
        for word; do printf 'word=[%s]\n' "$word"; done
        echo "cwd=$(pwd) umask=$(umask) user=$(id -un):$(id -u):$(id -gn)"
        grep -E 'Sig(Blk|Ign)' /proc/self/status
        sed 's/^/limit: /' /proc/self/limits
        printf 'blank=[%s] quote=[%s] break=[%s] empty=[%s]\n' "$BLANK" "$QUOTE" "$BREAK" "${EMPTY-unset}"
        echo "job=$JOB_ID name=$JOB_NAME task=$SGE_TASK_ID queue=$QUEUE slots=$NSLOTS restarted=$RESTARTED kind=$ENVIRONMENT request=$REQUEST"
        echo "tmp=$TMPDIR of $(stat -c %U "$TMPDIR")"; : > "$TMPDIR/x"
        echo "script=$JOB_SCRIPT $(sha256sum < "$JOB_SCRIPT")"
        echo "input=$(wc -c) $(readlink /proc/self/fd/0)"
        echo "an error" >&2
        exit 3

        """;

    static readonly string[] s_values = ["-v", "BLANK=a  b,EMPTY=", "-v", "QUOTE=it's \"so\" \\ $HOME", "-v", "BREAK=one\ntwo"];

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task ScriptWithArgumentsForTheLoginShell()
    {
        var jobs = await Everywhere(q => new Submission(q)
        {
            Script = Report, Words = ["plain", "two words", "", "it's \"q\" $HOME *", "-x"], Options = ["-cwd", "-N", "report", .. s_values],
        });

        await Same(jobs);
        var job = jobs[0];
        await Assert.That(job.Output).Contains("program=-bash ").And.Contains("word=[two words]\nword=[]\nword=[it's \"q\" $HOME *]\n")
            .And.Contains("cwd=/home/vmauser1 umask=0022 user=vmauser1:").And.Contains("blank=[a  b] quote=[it's \"so\" \\ $HOME] break=[one\ntwo] empty=[]")
            .And.Contains("name=report").And.Contains("input=0 /dev/null\n");
        await Assert.That(job.Errors).IsEqualTo("an error\n");
        await Assert.That(job.Account.ExitStatus).IsEqualTo(3);
        // The machine's boot is part of what the job has cost.
        await Assert.That(job.Account.Cpu).IsGreaterThan(0.3);
        await Assert.That(job.Account.PeakMemory).IsGreaterThan(64 << 10);
    }

    [Test]
    public async Task ScriptForAnotherShellWithJoinedOutput()
    {
        var jobs = await Everywhere(q => new Submission(q)
        {
            Script = Report.Replace("exit 3", "exit 1", StringComparison.Ordinal), Options = ["-S", "/bin/sh", "-j", "y", "-V"],
        });

        await Same(jobs);
        await Assert.That(jobs[0].Output).Contains("program=-sh ").And.EndsWith("input=0 /dev/null\nan error\n");
        await Assert.That(jobs[0].Account.ExitStatus).IsEqualTo(1);
    }

    [Test]
    public async Task EnvironmentOfAProgram()
    {
        var jobs = await Everywhere(q => new Submission(q) { Words = ["env", "-0"], Options = ["-shell", "n", .. s_values] });

        await Same(jobs);
        await Assert.That(jobs[0].Output.Split('\0')).Contains("BREAK=one\ntwo").And.Contains("QUEUE=vm.q").And.Contains("EMPTY=");
    }

    [Test]
    public async Task ProgramIsALineForTheShell()
    {
        // Builtins, variables, quotes that were quoted, what the profile says, and a status that only a shell can give.
        var jobs = await Everywhere(q => new Submission(q)
        {
            Words = ["cd", "/usr;", "echo", "$0", "$PWD", "$BLANK", "$-", "$PATH;", "sh", "-c", "'echo one; echo two'", "a", "", "b;", "exit", "3"], Options = [.. s_values],
        });

        await Same(jobs);
        await Assert.That(jobs[0].Output).StartsWith("-bash /usr a b ").And.Contains("/usr/games").And.EndsWith("\none\ntwo\n");
        await Assert.That(jobs[0].Account.ExitStatus).IsEqualTo(3);
    }

    [Test]
    public async Task ProgramIsALineForTheShellThatWasNamed()
    {
        var jobs = await Everywhere(q => new Submission(q) { Words = ["tr '\\0' '|' < /proc/$$/cmdline; echo", "one"], Options = ["-S", "/bin/dash", "-N", "dash"] });

        await Same(jobs);
        await Assert.That(jobs[0].Output).StartsWith("dash|-c|tr ").And.EndsWith("echo one |one\n");
    }

    [Test]
    public async Task ScriptFromStandardInput()
    {
        const string Reading = "echo \"$0 $# $1 $2 $-\"; tr '\\0' '|' < /proc/$$/cmdline; echo; read line; echo \"[$line]\"\na line for read\nwc -c\nexit 5\n";
        var jobs = await Everywhere(["stdin.q", "plainstdin.q"], q => new Submission(q) { Script = Reading, Words = ["one", "two words", ""] });

        await Same(jobs);
        await Assert.That(jobs[0].Output).StartsWith("-bash 3 one two words ").And.Contains("\n-bash|-s|one|two words||\n[a line for read]\n");
    }

    [Test]
    public async Task ScriptWithoutAnInterpreterWhereTheFirstLineCounts()
    {
        var jobs = await Everywhere(["unix.q", "plainunix.q"], q => new Submission(q) { Script = "tr '\\0' ' ' < /proc/$$/cmdline; readlink /proc/$$/exe\n", Words = ["one"] });

        await Same(jobs);
        await Assert.That(jobs[0].Output).StartsWith("/bin/sh ").And.EndsWith(" one /usr/bin/dash\n");
    }

    [Test]
    [Arguments("SEGV", 11)]
    [Arguments("TERM", 15)]
    public async Task DeathBySignal(string name, int number)
    {
        var jobs = await Everywhere(q => new Submission(q) { Script = $"kill -s {name} $$\n" });

        await Same(jobs);
        await Assert.That((jobs[0].Account.Failed, jobs[0].Account.ExitStatus)).IsEqualTo((100, 128 + number));
    }

    [Test]
    public async Task DeathBySignalIsToldToWhoWaits()
    {
        var waiting = await Task.WhenAll(new[] { "vm.q", "plain.q" }.Select(q => Cell.As(Cell.Owner, "qsub", "-sync", "y", "-q", q, "-o", "/dev/null", "-e", "/dev/null",
            "-N", "dies", "-b", "y", "kill -SEGV $$").Run()));
        var said = waiting.Select(w => Regex.Replace($"{w.Status} {w.Text}{w.ErrorText}", @"(?<=[Jj]ob )\d+", "ID")).ToList();

        await Assert.That(said[0]).IsEqualTo(said[1]);
        await Assert.That(said[0]).Contains("SIGSEGV");
    }

    [Test]
    public async Task ScriptWhoseInterpreterIsNotThere()
    {
        foreach (var queue in new[] { "unix.q", "plainunix.q" })
        {
            await using var job = await Cell.Submit(new Submission(queue) { Script = "#!/bin/sh\r\necho hi\r\n" });
            await job.Started();
            await job.Becomes("Eqw");

            await Assert.That(job.Errors).EndsWith(queue == "unix.q" ? ": its interpreter, /bin/sh\\r, is not there: its lines end in carriage returns, as on Windows\n" : "");
        }
    }

    Task<FinishedJob[]> Everywhere(Func<string, Submission> submission) => Everywhere(["vm.q", "native.q", "plain.q"], submission);

    // In a machine first, in a queue without hooks last.
    async Task<FinishedJob[]> Everywhere(string[] queues, Func<string, Submission> submission) =>
        await Task.WhenAll(queues.Select(q => Cell.Run(submission(q))));

    static async Task Same(FinishedJob[] jobs)
    {
        foreach (var job in jobs[..^1].Reverse())
            await Assert.That(Differences(job, jobs[^1])).IsEqualTo("");
    }

    static string Differences(FinishedJob one, FinishedJob other)
    {
        string[] lines = Neutral(one), others = Neutral(other);
        return string.Join('\n', lines.Except(others).Select(l => $"only in {one.Account.Values["qname"]}: {l}")
            .Concat(others.Except(lines).Select(l => $"only in {other.Account.Values["qname"]}: {l}")));
    }

    // Without what is no two jobs' or queues': number and queue.
    static string[] Neutral(FinishedJob job)
    {
        var lines = job.Output.Split(job.Output.Contains('\0', StringComparison.Ordinal) ? '\0' : '\n')
            .Where(l => !l.StartsWith("SGE_STARTER_", StringComparison.Ordinal) && !l.StartsWith("SGE_EXECD_PIDFILE=", StringComparison.Ordinal))
            .Append($"status {job.Account.Values["exit_status"]} failed {job.Account.Values["failed"]}").Append($"errors {job.Errors}");
        return [.. lines.Select(l => Regex.Replace(l, $@"(?<=job=|JOB_ID=|job_scripts/|/tmp/|active_jobs/){job.Id}\b", "ID"))
            .Select(l => Regex.Replace(Regex.Replace(l, @"/jobs/\d+/", "/jobs/N/"), @"\b(vm|native|plain|stdin|unix|plainstdin|plainunix)\.q\b", "QUEUE"))];
    }
}
