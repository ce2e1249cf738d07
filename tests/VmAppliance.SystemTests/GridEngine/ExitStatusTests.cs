namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Exit statuses by which a job speaks to Grid Engine. Others are looked at where a job is needed anyway.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ExitStatusTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task NinetyNineRunsTheJobAgain()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo \"restarted=$RESTARTED $(ls /var/tmp)\"; : > /var/tmp/mine; [ $RESTARTED = 1 ] || exit 99\n" });
        var end = await job.End();
        var runs = await job.Runs(2);

        await Assert.That(end.Output).IsEqualTo("restarted=0 \nrestarted=1 \n");
        await Assert.That(string.Join(' ', runs.Select(r => $"{r.Failed}:{r.ExitStatus}"))).IsEqualTo("25:99 0:0");
    }

    [Test]
    public async Task HundredPutsTheJobIntoErrorState()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo ran; kill -STOP 1 2>/dev/null; exit 100\n" });
        await job.Started();
        await job.Becomes("Eqw");

        await Assert.That(job.Output).IsEqualTo("ran\n");
        await Assert.That(job.Machine).IsNull();
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }
}
