using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>Machines that end before their job does, in all the ways there are; the job is told why, and nothing is left.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class FallTests
{
    const int Lost = 98, Transient = 75, Failed = 1;

    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    [Test]
    [Arguments("off", "vmappliance: run job: the machine ended")]
    [Arguments("panic", "Kernel panic - not syncing: sysrq triggered crash")]
    public async Task A_job_that_ends_its_own_machine_has_not_finished(string how, string reason)
    {
        var job = XenNode.Job($"echo before; fall {how}; sleep 100; echo after");
        await Assert.That(job.Errors).Contains(reason).And.EndsWith("; the job did not finish\n");
        await Assert.That((job.Status, job.Output)).IsEqualTo((Lost, "before\n"));
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task A_kernel_that_finds_no_init_is_the_nodes_fault_and_said_so()
    {
        const string configuration = "/etc/vmappliance/panic.ini";
        XenNode.Configure(configuration, "/var/lib/vmappliance", [$"volume_group = {TestGroup.Name}", "cow_size = 64MiB"], "append = root=/dev/nowhere");
        var job = XenNode.Job("echo ran", configuration);
        await Assert.That(job.Errors).Contains("it ended while it booted: ");
        await Assert.That((job.Status, job.Output)).IsEqualTo((Failed, ""));
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task An_xl_that_is_killed_half_way_leaves_nothing()
    {
        using var run = XenNode.Start("echo ran");
        run.Reaches("Starting");
        run.Until("xl create", () => Makers(run.Lease).Count > 0);
        foreach (var maker in Makers(run.Lease))
            Kill.Process(maker, Kill.SIGKILL);
        await Assert.That(run.End()).IsEqualTo(Transient);
        await Assert.That(run.Said).Contains($"start machine, {run.Domain}: somebody killed xl create (signal 9)");
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task A_hook_that_is_killed_while_it_starts_its_machine_is_reaped()
    {
        using (var run = XenNode.Start("echo ran"))
        {
            run.Reaches("Starting");
            run.Until("xl create", () => Makers(run.Lease).Count > 0);
            run.Signal(Kill.SIGKILL);
            run.End();
        }
        await Assert.That(XenNode.Call("maintenance", "reap").Status).IsEqualTo(0);
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task A_machine_whose_lease_was_deleted_by_hand_is_reaped_with_or_without_its_guard()
    {
        using var run = XenNode.Start("echo up; sleep 1000");
        run.Says("up\n");
        var guard = run.Machine.Pid;
        run.Signal(Kill.SIGKILL);
        run.End();
        Directory.Delete(run.Lease, recursive: true);
        Kill.Process(guard, Kill.SIGKILL);
        await Assert.That(XenNode.Require("maintenance", "reap")).Contains($"machine {Path.GetFileName(run.Lease)}");
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    static IReadOnlyList<int> Makers(string lease) =>
        [.. Processes.NodeProcesses.OfRoot("xl").Where(pid => Processes.NodeProcesses.Arguments(pid) is [.., var file] && file.StartsWith($"{lease}/", StringComparison.Ordinal))];
}
