using System.Globalization;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>Eight machines, resumed from one template at once, are alike in nothing by which anybody could take one for another.</summary>
[NotInParallel]
sealed class NoTwoAlikeTests
{
    const int Machines = 8;
    const int WallClock = 6, HardwareClock = 7; // lines of what the script says

    // One a line; the first of each is drawn as early as a job can.
    const string Script = "head -c 32 /dev/urandom | base64; cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id /etc/machine-id; hostname; "
        + "od -An -N32 -tx1 /dev/random | tr -d '\\n '; echo; date +%s; cat /sys/class/rtc/rtc0/since_epoch; echo ready; cat";

    static readonly string[] s_names = ["random bytes", "uuid", "boot id", "machine id", "host name", "blocking random bytes"];

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task EightMachinesAreAlikeInNothing()
    {
        var node = Session.With("eight", $"slots.count = {Machines}");
        var asked = DateTimeOffset.UtcNow;
        var runs = Enumerable.Range(0, Machines).Select(_ => (node.Command(["run", "--timeline", "--image", TestNode.Image, "--", "sh", "-c", Script]) with { KeepInputOpen = true }).Start()).ToList();
        try
        {
            await AreAlikeInNothing(node, runs, asked);
        }
        finally
        {
            // Each takes its machine down in order, whatever the others came to.
            foreach (var run in runs)
                await run.Input.DisposeAsync();
            foreach (var run in runs)
            {
                await run.Ended;
                await run.DisposeAsync();
            }
        }
        await Assert.That(node.Rests()).IsEmpty();
    }

    static async Task AreAlikeInNothing(Node node, IReadOnlyList<RunningCommand> runs, DateTimeOffset asked)
    {
        await Task.WhenAll(runs.Select(IsReady));
        var ready = DateTimeOffset.UtcNow;
        var encounters = await Task.WhenAll(node.Leases.Select(l => Task.Run(() => SshEncounter.Of($"{node.RunDirectory}/leases/{l}"))));
        foreach (var run in runs)
            await run.Input.DisposeAsync();
        var results = await Task.WhenAll(runs.Select(r => r.Ended));

        await Assert.That(results.All(r => r.Status == 0 && r.ErrorText.Contains(" · resume ", StringComparison.Ordinal))).IsTrue().Because(string.Join('\n', results.Select(r => $"{r}")));
        for (var line = 0; line < s_names.Length; line++)
            await Assert.That(results.Select(r => r.Lines[line]).Distinct().Count()).IsEqualTo(Machines).Because(s_names[line]);
        await Assert.That(encounters.Select(e => e.HostKey).Distinct().Count()).IsEqualTo(Machines);
        await Assert.That(encounters.Select(e => e.Cookie).Distinct().Count()).IsEqualTo(Machines);
        await Assert.That(encounters.Select(e => e.SessionId).Distinct().Count()).IsEqualTo(Machines);
        foreach (var clock in new[] { WallClock, HardwareClock })
            await Assert.That(results.Where(r => !IsBetween(asked, ready, r.Lines[clock]))).IsEmpty().Because($"clock in line {clock}, of {asked:o} to {ready:o}");
    }

    // In whole seconds, which need not begin at the same moment; a machine that took the time of its template would be as old as that.
    static bool IsBetween(DateTimeOffset from, DateTimeOffset until, string seconds) =>
        long.Parse(seconds, CultureInfo.InvariantCulture) is var time && time >= from.ToUnixTimeSeconds() - 1 && time <= until.ToUnixTimeSeconds() + 1;

    static async Task IsReady(RunningCommand run)
    {
        await Task.WhenAny(run.Output.Contains("ready\n"), run.Ended);
        await Assert.That(run.Ended.IsCompleted ? $"{await run.Ended}" : "").IsEqualTo("");
    }

    [Test]
    public async Task AClockGoesOnWhereTheNodesIs()
    {
        await using var run = (Session.With("clock").Script("echo ready; read go; date +%s.%N") with { KeepInputOpen = true }).Start();
        await run.Output.Contains("ready\n");
        var before = DateTimeOffset.UtcNow;
        await run.Say("go");
        var inside = double.Parse((await run.Ended).Lines[1], CultureInfo.InvariantCulture);
        await Assert.That(Math.Abs(inside - (before.ToUnixTimeMilliseconds() / 1000.0))).IsLessThanOrEqualTo(2);
    }
}
