using VmAppliance.Hypervisors.Xen;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>The toolstack's verbs on a real domain.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class XlTests
{
    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    [Test]
    public async Task A_domain_is_saved_restored_and_shut_down()
    {
        using var lease = XenNode.Prepare("xl");
        var name = $"vma-{lease.Record.Job}";
        var file = $"/dev/shm/{name}";
        try
        {
            XenNode.Xl.Save(name, file);
            await Assert.That(XenNode.Node.Hypervisor.Exists(lease.Record.Machine)).IsFalse();
            // Its seed disk went with it, and it will look for it where it was.
            using (LoopDevice.Attach($"{lease.Directory}/seed", readOnly: true))
                XenNode.Xl.Restore(file);
            await Assert.That(XenNode.Node.Hypervisor.Exists(lease.Record.Machine)).IsTrue();
            // Nobody guards it, so it stays as it is when its operating system has gone down.
            XenNode.Xl.Shutdown(name);
            await Assert.That(XenNode.Xl.List().Single(d => d.Name == name).State).Contains('s');
        }
        finally
        {
            File.Delete(file);
            new ReleaseJob(XenNode.Node).Run(lease);
        }
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task Verbs_on_a_domain_that_is_not_there_say_so()
    {
        await Assert.That(() => XenNode.Xl.Pause("vma-none.1")).Throws<Diagnostics.ApplianceException>().WithMessageContaining("ask Xen to pause, vma-none.1: ");
        await Assert.That(XenNode.Xl.Destroy(32000)).IsFalse();
    }

    [Test]
    public async Task Without_an_answer_from_xenstored_nobody_waits_for_ever()
    {
        var xenstored = Processes.NodeProcesses.OfRoot("xenstored").Single();
        Kill.Process(xenstored, 19 /* SIGSTOP */);
        try
        {
            using var xenstore = new Xenstore(Deadline.In(TimeSpan.FromSeconds(1)));
            await Assert.That(() => xenstore.Value("/local/domain/0/name")).Throws<Diagnostics.ApplianceException>().WithMessageContaining("it does not answer in time");
        }
        finally
        {
            Kill.Process(xenstored, 18 /* SIGCONT */);
        }
    }
}
