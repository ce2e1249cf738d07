using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Hooks and machines that die.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class CrashTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task DeathBeforeTheJobBeganLeavesNothingAndTheJobRunsLater()
    {
        await using var queue = await GridQueue.Add(Cell, "crash.q", Cell.Node);
        await using var job = await Cell.Submit(new Submission(queue.Name) { Script = "echo ran\n" });

        // The prolog.
        await job.Reaches("Identifying");
        var second = await Hook("prolog", job.Spool).Run();
        await Assert.That(second.Status).IsEqualTo(99);
        await Assert.That(second.ErrorLines[0]).StartsWith($"vmappliance: claim slot, job {job.Id}.1: this job has a machine here already");
        job.Hook.Signal(Native.SIGKILL);
        await Waits(queue, job);
        await Assert.That(job.Errors).IsEqualTo("");

        // The machine, at the next try: no fault of the node's, so the job is tried once more.
        await queue.Clear();
        await job.Reaches("Identifying");
        job.Machine!.Signal(Native.SIGKILL);
        var end = await job.End();
        await Assert.That(end.Summary).StartsWith("status 0, output 'ran\n', errors 'vmappliance: wait for machine, process ")
            .And.Contains(": somebody killed it while it booted\n");
        await Assert.That(string.Join(' ', (await job.Runs(3)).Select(r => r.Failed))).IsEqualTo("8 25 0");
        await Assert.That(await queue.State()).IsEqualTo("");
    }

    [Test]
    public async Task DeathOfTheMachineEndsTheJob()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo up; sleep 1000\n" });
        await job.Says("up\n");
        job.Machine!.Signal(Native.SIGKILL);
        await Lost(job);
    }

    [Test]
    public async Task EpilogMayComeAtAnyTimeAndAnyNumberOfTimes()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo up; sleep 1000\n" });
        await job.Says("up\n");
        string spool = job.Spool, silent = new CommandResult(0, [], []).ToString();

        await Assert.That((await Hook("epilog", spool).Run()).ToString()).IsEqualTo(silent);
        await Assert.That(job.Machine).IsNull();
        await Assert.That((await Hook("epilog", spool).Run()).ToString()).IsEqualTo(silent);
        await Lost(job);
        await Assert.That((await Hook("epilog", spool).Run()).ToString()).IsEqualTo(silent);
    }

    static async Task Lost(GridJob job)
    {
        var end = await job.End();
        await Assert.That(end.Summary).IsEqualTo("status 98, output 'up\n', errors 'vmappliance: run job: the machine ended; the job did not finish\n'");
        await Assert.That(Directory.Exists(job.Lease)).IsFalse();
    }

    static async Task Waits(GridQueue queue, GridJob job)
    {
        await job.Until($"the error state of queue {queue.Name}", async () => await queue.State() == "E");
        await job.Becomes("qw");
        await Assert.That(job.Machine).IsNull();
        await Assert.That(Directory.Exists(job.Lease)).IsFalse();
    }

    Command Hook(string name, string spool) =>
        new Command($"{Cell.Node.Hooks}/{name}") { Environment = new Dictionary<string, string> { ["SGE_JOB_SPOOL_DIR"] = spool } };
}
