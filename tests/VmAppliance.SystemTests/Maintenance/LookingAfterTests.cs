using System.Text.Json;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>status, reap, check and image remove while a machine is in use.</summary>
sealed class LookingAfterTests
{
    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    Node Node => Machine.Node;

    [Test]
    public async Task StatusTellsWhoHoldsWhat()
    {
        var machine = Node.Machines.Single();
        var json = JsonDocument.Parse(await Node.Maintenance("status", "--json").Require()).RootElement;
        var lease = json.GetProperty("leases").EnumerateArray().Single();

        await Assert.That(json.GetProperty("slots").GetInt32()).IsEqualTo(2);
        await Assert.That(json.GetProperty("images").EnumerateArray().Select(i => i.GetString())).Contains(TestNode.Image);
        await Assert.That(lease.GetProperty("job").GetString()).IsEqualTo(Node.Leases.Single());
        await Assert.That(lease.GetProperty("slot").GetInt32()).IsEqualTo(0);
        await Assert.That(lease.GetProperty("phase").GetString()).IsEqualTo("Ready");
        await Assert.That(lease.GetProperty("owner").GetString()).IsEqualTo(Machine.Owner.Name);
        await Assert.That(lease.GetProperty("machine").GetString()).IsEqualTo("running");
        await Assert.That(lease.GetProperty("pid").GetInt32()).IsEqualTo(machine.Pid);
        await Assert.That(lease.GetProperty("cpuSeconds").GetDouble()).IsGreaterThan(0);
        await Assert.That(lease.GetProperty("peakMemoryKiB").GetInt64()).IsGreaterThan(64 << 10);

        var table = (await Node.Maintenance("status").Run()).Lines;
        await Assert.That(table[0]).StartsWith("1 of 2 slots taken");
        await Assert.That(table[2]).Contains(Machine.Owner.Name).And.Contains($"running {machine.Pid}");
    }

    [Test]
    public async Task ReapTouchesNothingOfALivingRun()
    {
        var machine = Node.Machines.Single();

        foreach (var options in new string[][] { [], ["--dry-run"] })
            await Assert.That((await Node.Maintenance(["reap", .. options]).Run()).ToString()).IsEqualTo(new CommandResult(0, [], []).ToString());

        await Assert.That(Node.Machines.Single().Pid).IsEqualTo(machine.Pid);
        await Assert.That(Node.Disks.Count).IsEqualTo(1);
    }

    [Test]
    public async Task ImageInUseIsNotRemoved()
    {
        var result = await Node.Maintenance("image", "remove", TestNode.Image).Run();

        await Assert.That(result.Status).IsEqualTo(75);
        await Assert.That(result.ErrorText).StartsWith($"vmappliance: remove image, {TestNode.Image}: job {Node.Leases.Single()} has a machine of it\n(hint: ");
    }

    [Test]
    public async Task CheckFindsNothingWrong()
    {
        var result = await Node.Maintenance("check", "--json").Run();
        var verdicts = JsonDocument.Parse(result.Text).RootElement.EnumerateArray().Select(f => f.GetProperty("verdict").GetString()).ToList();

        await Assert.That(result.Status).IsEqualTo(0);
        await Assert.That(verdicts).Contains("ok").And.DoesNotContain("error");
        await Assert.That((await Node.Maintenance("check").Run()).Lines[^1]).IsEqualTo("this node can run jobs in machines");
    }
}
