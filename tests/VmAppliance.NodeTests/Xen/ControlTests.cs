using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>suspend and resume as root, as they are when sudo has let them pass.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class ControlTests
{
    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    [Test]
    public async Task Only_a_machine_that_is_ready_can_be_paused()
    {
        var job = new SpooledJob("700");
        var prolog = Task.Run(() => job.Hook("prolog"));
        await Eventually.So("a machine that boots", () => File.Exists($"{job.Lease}/record.json")
            && File.ReadAllText($"{job.Lease}/record.json").Contains("\"Identifying\"", StringComparison.Ordinal), XenNode.Rests);
        // While it boots its owner could only make the node look as if it were at fault.
        await Assert.That(job.Hook("suspend")).IsEqualTo(0);
        await Assert.That(IsPaused(job)).IsFalse();
        await Assert.That(await prolog).IsEqualTo(0);
        // What all these tests look for at their end is there while there is a machine.
        await Assert.That(XenNode.Rests()).Contains("domain ").And.Contains("process ").And.Contains("lease ").And.Contains("loop device ").And.Contains("disk of ").And.Contains("vif").And.Contains("xenstore /");
        await Assert.That(job.Hook("suspend")).IsEqualTo(0);
        await Assert.That(IsPaused(job)).IsTrue();
        await Assert.That(job.Hook("resume")).IsEqualTo(0);
        await Assert.That(IsPaused(job)).IsFalse();
        await Assert.That(job.Hook("epilog")).IsEqualTo(0);
        await Assert.That(XenNode.Rests()).IsEqualTo("");
        // A job that is gone has no machine to be paused.
        await Assert.That(job.Hook("suspend")).IsEqualTo(0);
    }

    static bool IsPaused(SpooledJob job) => XenNode.Xl.List().Single(d => d.Name == job.Domain).IsPaused;
}
