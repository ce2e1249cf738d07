using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Faults;

/// <summary>Guests that never become a job's machine: the sentence tells what the guest said, and nothing is left.</summary>
[ParallelLimiter<TwoMachines>]
sealed class GuestFaultTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task GuestWithoutAgentIsGivenUpInTime() => await Fails(
        Session.With("silent", "image:demo.append = init=/bin/cat", "image:demo.ready_timeout = 8s"), "it did not get ready within 8 s", "is vmappliance guest started at boot");

    [Test]
    public async Task KernelPanicIsTold() => await Fails(
        // Without its initial RAM disk's program the kernel finds no root disk.
        Session.With("panic", "image:demo.append = rdinit=/nonexistent"), "it ended while it booted: ", "look at the image's kernel", "Kernel panic - not syncing: VFS");

    [Test]
    public async Task GuestThatSwitchesItselfOffIsTold() => await Fails(
        Session.With("no-init", "image:demo.append = init=/nonexistent"), "it ended while it booted: ", "look at the image's kernel", "start /nonexistent of root disk");

    static async Task Fails(Node node, string reason, string hint, string? lastWords = null)
    {
        var result = await node.Run("echo", "never").Run();

        await Assert.That(result.Status).IsEqualTo(1).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("");
        await Assert.That(result.ErrorLines.Length).IsEqualTo(2).Because(result.ErrorText);
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: wait for machine").And.Contains(reason).And.Contains(lastWords ?? reason);
        await Assert.That(result.ErrorLines[1]).StartsWith("(hint: ").And.Contains(hint);
        await Assert.That(node.Rests()).IsEmpty();
    }
}
