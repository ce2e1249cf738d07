namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Queues that the node's configuration has no machine for: the queue is put into error state, and its job waits.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ConfigurationFaultTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    [Arguments("lost.q", "vmappliance: choose image, queue lost.q: the configuration does not know this queue")]
    [Arguments("missing.q", "vmappliance: find image, nosuch: ")]
    public async Task QueueIsPutIntoErrorState(string name, string sentence)
    {
        await using var queue = await GridQueue.Add(Cell, name, Cell.Node);
        await using var job = await Cell.Submit(new Submission(name) { Words = ["/bin/true"] });
        await queue.Failed();
        await job.Becomes("qw");

        var lines = job.Errors.TrimEnd('\n').Split('\n');
        await Assert.That(lines[0]).StartsWith(sentence);
        await Assert.That(lines[1]).StartsWith("(hint: ");
        await Assert.That(lines.Length).IsEqualTo(2);
        await Assert.That(job.Output).IsEqualTo("");
        await Assert.That((await job.Runs(1))[0].Failed).IsEqualTo(8);
        await job.Delete();
        await queue.Clear();
        await Assert.That(await queue.State()).IsEqualTo("");
    }
}
