namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A queue with our hooks whose image is none: its jobs run on the node.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class NativeQueueTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task JobIsSuspendedResumedAndDeleted()
    {
        await using var job = await Cell.Submit(new Submission("native.q") { Script = "hostname; sleep 1000\n" });
        await job.Says($"{Environment.MachineName}\n");
        var starter = job.Starter;

        await job.Modify("-sj");
        await Patience.Until("the job's stop", () => starter.Status("State")[0] == "T");
        await job.Modify("-usj");
        await Patience.Until("the job's going on", () => starter.Status("State")[0] == "S");
        await job.Delete();
        var end = await job.End();

        await Assert.That(end.Account.ExitStatus).IsEqualTo(137);
        await Assert.That(end.Errors).IsEqualTo("");
        await Assert.That(await new GridQueue(Cell, "native.q").State()).IsEqualTo("");
    }

    [Test]
    public async Task JobWithTheMemoryLimitOfAShellRuns()
    {
        var job = await Cell.Run(new Submission("native.q") { Script = "ulimit -v\n", Options = ["-l", "h_vmem=1G"] });

        await Assert.That(job.Summary).IsEqualTo("status 0, output '1048576\n', errors ''");
    }

    [Test]
    public async Task ProgramThatIsNotThere()
    {
        await using var job = await Cell.Submit(new Submission("native.q") { Words = ["/nonexistent/program"], Options = ["-shell", "n"] });
        await job.Started();
        await job.Becomes("Eqw");

        await Assert.That(job.Errors).IsEqualTo("vmappliance: start job, /nonexistent/program: No such file or directory\n");
    }
}
