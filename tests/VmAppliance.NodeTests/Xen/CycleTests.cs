using System.Globalization;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>The whole cycle on Xen: claim, wipe, start, ready, run, destroy; and nothing is left.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class CycleTests
{
    const string Files = XenNode.OnFiles, Pvh = "/etc/vmappliance/pvh.ini";

    // What it says of itself: an account of the node, a kernel on Xen, and a disk that nobody wrote to.
    const string Script = "echo out; echo err >&2; id -un; hostname; cat /sys/hypervisor/type; cat /sys/hypervisor/guest_type; "
        + "test -e /var/tmp/trace && echo trace; echo trace >/var/tmp/trace; exit 7";

    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    [Test]
    [Arguments(XenNode.Configuration, "PV")]
    [Arguments(XenNode.Configuration, "PV")]
    [Arguments(Files, "PV")]
    [Arguments(Pvh, "PVH")]
    public async Task A_job_runs_as_its_owner_in_a_domain_that_nobody_has_used(string configuration, string kind)
    {
        XenNode.Configure(Pvh, "/var/lib/vmappliance", [$"volume_group = {TestGroup.Name}", "cow_size = 64MiB"], "machine = pvh");
        var job = XenNode.Job(Script, configuration);
        await Assert.That((job.Status, job.Errors)).IsEqualTo((7, "err\n"));
        var lines = job.Output.TrimEnd('\n').Split('\n');
        await Assert.That(string.Join(' ', lines.Where((_, index) => index != 2))).IsEqualTo($"out nobody xen {kind}");
        await Assert.That(lines[2]).StartsWith("vma-node-run");
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task Both_disks_are_what_they_should_be_while_a_machine_runs()
    {
        using var run = XenNode.Start("echo up $(date +%s); while :; do sleep 0.2; done");
        run.Reaches("Identifying");
        // Whoever reads it too hears half of it, so until the machine is ready it is root's.
        await Assert.That(Tool.Run("stat", "--dereference", "--format", "%U %a", $"{run.Lease}/console").Trim()).StartsWith("root ");
        run.Says("\n");
        var clock = long.Parse(run.Said.Trim().Split(' ')[^1], CultureInfo.InvariantCulture);
        // The seed was written before the boot, so its time is that much behind.
        await Assert.That(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - clock).IsBetween(-1, 3);
        await Assert.That(Tool.Run("stat", "--dereference", "--format", "%U %a", $"{run.Lease}/console").Trim()).IsEqualTo("nobody 400");
        // Should a hook be killed, its loop devices must not become another job's while xl still looks for them.
        await Assert.That(Directory.GetFiles($"/proc/{run.Machine.Pid}/fd").Select(f => new FileInfo(f).LinkTarget ?? "")).Contains(f => f.StartsWith("/dev/loop", StringComparison.Ordinal));
        var configuration = File.ReadAllText(Directory.GetFiles(run.Lease, "*.cfg").Single());
        await Assert.That(configuration).Contains("vdev=xvda,access=rw").And.Contains("target=/dev/mapper/").And.Contains("vdev=xvdb,access=ro");
        var loop = Tool.Run("losetup", "--list", "--noheadings", "--output", "BACK-FILE,RO,AUTOCLEAR").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        await Assert.That(string.Join(' ', loop)).IsEqualTo($"{run.Lease}/seed 1 1");
        run.Signal(15);
        await Assert.That(run.End()).IsEqualTo(128 + 15);
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }
}
