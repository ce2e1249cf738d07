using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>check says what is wrong with a node, and what to do about it.</summary>
sealed class CheckTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task EverythingThatIsMissingIsTold()
    {
        var node = Session.With("sick", "queue:a.q.image = missing", "appliance.qemu = /nonexistent/qemu", "network.kind = tap", "network.bridge = vmabr-none");

        var result = await node.Maintenance("check").Run();

        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.ErrorText).IsEqualTo("");
        foreach (var finding in new[] { "error    QEMU: find QEMU, /nonexistent/qemu: it is not installed", "error    network: there is no bridge vmabr-none",
            "error    queue: a.q: there is no image missing", "ok       image: demo" })
            await Assert.That(result.Text).Contains(finding);
        await Assert.That(result.Lines.Count(l => l.StartsWith("         (hint: ", StringComparison.Ordinal))).IsGreaterThanOrEqualTo(3);
        await Assert.That(result.Lines[^1]).IsEqualTo("this node cannot run jobs in machines");
        await Assert.That(node.Rests()).IsEmpty();
    }

    // Starter and methods run as the job's owner.
    [Test]
    public async Task RunDirectoryThatJobOwnersCannotReachIsToldBeforeAJobFindsOut()
    {
        var closed = $"{Session.Directory}/closed";
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var node = Session.With("closed-node", $"appliance.run_dir = {closed}/run", "queue:a.q.image = demo");

        var result = await node.Maintenance("check").Run();

        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.Text).Contains($"error    queue: a.q: job owners may not enter {closed}, on the way to run_dir\n         (hint: ");
    }

    [Test]
    public async Task WhatAQemuLacksIsToldInItsOwnWords()
    {
        var program = $"{Session.Directory}/lame-qemu";
        await File.WriteAllTextAsync(program, "#!/bin/sh\nfor word; do case $word in -sandbox) echo \"qemu: -sandbox support is not enabled in this QEMU binary\" >&2; exit 1;; esac; done\nexec qemu-system-x86_64 \"$@\"\n");
        File.SetUnixFileMode(program, (UnixFileMode)0x1ED /* 0755 */);
        var node = Session.With("lame", $"appliance.qemu = {program}");

        var result = await node.Maintenance("check").Run();

        await Assert.That(result.Text).Contains("error    machine: qemu: -sandbox support is not enabled in this QEMU binary\n         (hint: ");
        await Assert.That(result.Status).IsEqualTo(1);
    }

    [Test]
    public async Task NodeWithoutImagesCannotRunJobs()
    {
        var node = Session.With("empty", $"appliance.state_dir = {Session.Directory}/empty/state");

        var check = await node.Maintenance("check").Run();
        var run = await node.Command("run", "--", "true").Run();

        await Assert.That(check.Status).IsEqualTo(1);
        // Disks are files here: nobody needs LVM.
        await Assert.That(check.Text).DoesNotContain("lvs");
        await Assert.That(check.Text).Contains("error    images: there is none\n         (hint: import one");
        await Assert.That(run.Status).IsEqualTo(64);
        await Assert.That(run.ErrorText).IsEqualTo("vmappliance: choose image, run: there is none\n(hint: import one: vmappliance maintenance image import --help)\n");
    }
}
