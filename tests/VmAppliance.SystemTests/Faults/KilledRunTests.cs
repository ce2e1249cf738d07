using System.Text.Json;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Faults;

/// <summary>
/// <c>run</c> killed at any moment, without a chance to tidy up: reap finds all of it and removes all of it. strace(1) kills it as it is
/// about to rename a record into place for the Nth time, which is before each phase, so that none is missed by chance.
/// </summary>
[ParallelLimiter<TwoMachines>]
sealed class KilledRunTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    [Arguments(1)] // the first record of the lease
    [Arguments(2)] // the lease gets its name
    [Arguments(3)] // Wiping
    [Arguments(4)] // Starting: the disk is there
    [Arguments(5)] // Identifying: the machine runs, and its pid is nowhere on record
    [Arguments(6)] // the owner's pass: the machine is ready
    [Arguments(7)] // Ready
    [Arguments(8)] // Releasing: the command has ended
    public async Task ReapRemovesWhatIsLeft(int rename)
    {
        var node = Session.With($"killed-{rename}");
        // The node's verdict on KVM is a file of its own, renamed into place once.
        await node.Maintenance("check").Require();

        var killed = await node.Run("true").Behind("strace", "--quiet=all", "--output=/dev/null", "--trace=rename,renameat,renameat2",
            $"--inject=rename,renameat,renameat2:signal=KILL:when={rename}", "--").Run();
        await Assert.That(killed.Status).IsEqualTo(128 + Native.SIGKILL).Because($"{killed}");
        // A lease whose machine's pid nobody wrote down: another user calls himself so, again and again.
        await using var decoys = rename == 5 ? Decoys(node.Record().GetProperty("machine").GetProperty("uuid").GetGuid()).Start() : null;
        var rests = node.Rests();
        await Assert.That(rests.Count).IsGreaterThan(0);
        await Assert.That(node.Machines.Count).IsEqualTo(rename is >= 5 ? 1 : 0);

        var told = await node.Maintenance("reap", "--dry-run", "--json").Require();
        await Assert.That(node.Rests()).IsEquivalentTo(rests);
        var reaped = await node.Maintenance("reap").Run();

        await Assert.That(JsonDocument.Parse(told).RootElement.EnumerateArray().Any(r => !r.GetProperty("gone").GetBoolean())).IsTrue().Because(told);
        await Assert.That(reaped.Status).IsEqualTo(0).Because($"{reaped}");
        await Assert.That(reaped.Text).Contains(": removed\n");
        await Assert.That(node.Rests()).IsEmpty();
        await Assert.That((await node.Maintenance("reap").Run()).ToString()).IsEqualTo(new CommandResult(0, [], []).ToString());
        await Assert.That(decoys?.Ended.IsCompleted ?? false).IsFalse();
    }

    // Whichever is killed is begun anew.
    static Command Decoys(Guid machine) => new("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
        "sh", "-c", $"while :; do sh -c 'kill -STOP $$' -uuid {machine} & sh -c 'kill -STOP $$' -uuid {machine}; done");

    [Test]
    public async Task NextRunNeedsNoReap()
    {
        // One slot only, still held by a run that was killed.
        var node = Session.With("killed-next", "slots.count = 1");
        await using (var run = node.Script("echo ready; sleep 1000").Start())
        {
            await run.Output.Contains("ready\n");
            run.Signal(Native.SIGKILL);
            await run.Ended;
        }
        await Assert.That(node.Machines.Count).IsEqualTo(1);

        var next = await node.Run("echo", "works").Run();

        await Assert.That(next.ToString()).IsEqualTo(new CommandResult(0, "works\n"u8.ToArray(), []).ToString());
        await Assert.That(node.Rests()).IsEmpty();
    }
}
