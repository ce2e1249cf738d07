using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>packaging/sge/vmappliance-queue; that undo puts a queue back is proven at the end of every queue of these tests.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class QueueSetupTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task SetupCanBeSeenBeforeRepeatedAndUndoneOnce()
    {
        await using var queue = await GridQueue.Add(Cell, "setup.q", "prolog /bin/true");
        var before = await queue.Attributes();
        var hooks = Cell.Node.Hooks;

        var dry = await Script("setup", "--hooks", hooks, "--dry-run").Require();
        await Assert.That(dry).Contains($"prolog: /bin/true -> root@{hooks}/prolog\n").And.Contains($"starter_method: NONE -> {hooks}/starter\n");
        await Assert.That(await queue.Attributes()).IsEqualTo(before);

        await queue.Setup(hooks);
        await queue.Setup(hooks, "--sudo");
        var shown = await Script("show").Require();
        await Assert.That(shown).Contains($"prolog {hooks}/prolog\n").And.Contains("(undo puts back:)\n").And.Contains("prolog /bin/true\n");
        await Assert.That(await queue.Undo()).IsEmpty();

        var again = await Script("undo").Run();
        await Assert.That(again.Status).IsEqualTo(1);
        await Assert.That(again.ErrorLines[1]).StartsWith("(hint: ");
        await queue.Setup(hooks);
    }

    [Test]
    public async Task HooksThatOthersCanWriteAreRefused()
    {
        await using var queue = await GridQueue.Add(Cell, "refused.q");
        var hooks = await Cell.NewDirectory();
        foreach (var hook in new[] { "prolog", "epilog", "starter", "suspend", "resume", "terminate" })
            File.CreateSymbolicLink($"{hooks}/{hook}", Cell.Node.Binary);
        var before = await queue.Attributes();

        var result = await Script("setup", "--hooks", hooks).Run();

        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.ErrorLines[0]).Contains("root would run it, and others than root can write it");
        await Assert.That(await queue.Attributes()).IsEqualTo(before);

        Command Script(string verb, params string[] options) => Call(verb, queue.Name, options);
    }

    // The cell's queues have been set up by it, from this host.
    [Test]
    public async Task TheHostStartsJobsThroughTheShepherd()
    {
        var host = (await Cell.Admin("qconf", "-sel").Require()).Trim();
        await Assert.That(await Cell.Admin("qconf", "-sconf", host).Require()).Contains(Repository.At("packaging/sge/vmappliance-shepherd"));

        var check = await (Cell.Node.Maintenance("check") with { Environment = Cell.Variables }).Run();
        await Assert.That(check.Text).Contains($"ok       Grid Engine: jobs start through {Repository.At("packaging/sge/vmappliance-shepherd")}\n");
    }

    Command Script(string verb, params string[] options) => Call(verb, "setup.q", options);

    Command Call(string verb, string queue, string[] options) =>
        Cell.Admin([Repository.At("packaging/sge/vmappliance-queue"), verb, queue, .. options, "--state", $"{Cell.Session.Directory}/queues"]);
}
