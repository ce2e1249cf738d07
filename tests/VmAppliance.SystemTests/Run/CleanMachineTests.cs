using System.Globalization;
using System.Text.RegularExpressions;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Every run has a machine that nobody has used before, as many at a time as there are slots.</summary>
[ParallelLimiter<TwoMachines>]
sealed partial class CleanMachineTests
{
    // What must differ from machine to machine, one a line.
    const string Identity = "cat /etc/machine-id /proc/sys/kernel/random/boot_id; head -c 32 /dev/urandom | base64; hostname; date +%s.%N;";

    const string Marks = "for f in /tmp/mark /var/tmp/mark /dev/shm/mark $HOME/mark; do echo mark >$f; done; setsid sleep 54321 & ";

    const string Look = "ls /tmp/mark /var/tmp/mark /dev/shm/mark $HOME/mark 2>/dev/null; grep -l '5432[1]' /proc/[1-9]*/cmdline 2>/dev/null; echo looked";

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task MachinesShareNothing()
    {
        var node = Session.With("two", $"image:{TestNode.Image}.template = off");
        await using var first = (node.Script($"{Marks} {Identity} echo ready; cat") with { KeepInputOpen = true }).Start();
        await using var second = (node.Script($"{Identity} {Look}; echo ready; cat") with { KeepInputOpen = true }).Start();
        await Task.WhenAll(first.Output.Contains("ready\n"), second.Output.Contains("ready\n"));

        var third = await node.Run("true").Run();
        await first.Input.DisposeAsync();
        var one = await first.Ended;
        var after = await node.Script(Look).Run();
        await second.Input.DisposeAsync();
        var two = await second.Ended;

        await Assert.That(third.Status).IsEqualTo(75);
        await Assert.That(third.ErrorText).Matches(NodeFull());
        await Assert.That(one.Status + two.Status).IsEqualTo(0).Because($"{one} {two}");
        await Assert.That(two.Text).Contains("\nlooked\n");
        foreach (var (mine, yours) in one.Lines.Zip(two.Lines).Take(4))
            await Assert.That(mine).IsNotEqualTo(yours);
        await Assert.That(after.ToString()).IsEqualTo(new CommandResult(0, "looked\n"u8.ToArray(), []).ToString());
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    public async Task ClockIsTheNodes()
    {
        await using var run = (Session.Standard.Script("echo ready; read go; date +%s.%N") with { KeepInputOpen = true }).Start();
        await run.Output.Contains("ready\n");
        var before = DateTimeOffset.UtcNow;
        await run.Say("go");

        var inside = double.Parse((await run.Ended).Lines[1], CultureInfo.InvariantCulture);

        var seconds = before.ToUnixTimeMilliseconds() / 1000.0;
        await Assert.That(Math.Abs(inside - seconds)).IsLessThanOrEqualTo(2);
    }

    [Test]
    public async Task TimelineTellsTheSteps()
    {
        var result = await (Session.Standard.Command("run", "--timeline", "--cpus", "2", "--memory", "256MiB", "--", "sh", "-c", "nproc; pwd; grep MemTotal /proc/meminfo") with { Directory = "/usr" }).Run();

        await Assert.That(result.ErrorText).Matches(Steps());
        await Assert.That(result.Lines[0]).IsEqualTo("2");
        await Assert.That(result.Lines[1]).IsEqualTo("/usr");
        var kibibytes = int.Parse(result.Lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        await Assert.That(kibibytes).IsBetween(128 << 10, 256 << 10);
    }

    [GeneratedRegex(@"^vmappliance: claim slot, job run\d+\.1: all 2 slots are taken\n\(hint: .+\)\n$")]
    private static partial Regex NodeFull();

    [GeneratedRegex(@"^claim \d+ ms · wipe \d+ ms · start \d+ ms · ready \d+ ms · run \d+ ms · destroy \d+ ms · own cpu \d+ ms\n$")]
    private static partial Regex Steps();
}
