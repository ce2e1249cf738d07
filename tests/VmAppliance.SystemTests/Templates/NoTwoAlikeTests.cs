using System.Globalization;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>Eight machines, resumed from one template at once, are alike in nothing by which anybody could take one for another.</summary>
[NotInParallel]
sealed class NoTwoAlikeTests
{
    const int Machines = 8;
    const int WallClock = 7, HardwareClock = 8; // lines of what the script says

    // One a line; the first of each is drawn as early as a job can.
    const string Script = "head -c 32 /dev/urandom | base64; cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id /etc/machine-id; hostname; "
        + "od -An -N32 -tx1 /dev/random | tr -d '\\n '; echo; echo ready; read go; date +%s.%N; cat /sys/class/rtc/rtc0/since_epoch; echo told; cat";

    static readonly string[] s_names = ["random bytes", "uuid", "boot id", "machine id", "host name", "blocking random bytes"];

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task EightMachinesAreAlikeInNothing()
    {
        var node = Session.With("eight", $"slots.count = {Machines}");
        var runs = Enumerable.Range(0, Machines).Select(_ => (node.Command(["run", "--timeline", "--image", TestNode.Image, "--", "sh", "-c", Script]) with { KeepInputOpen = true }).Start()).ToList();
        try
        {
            await AreAlikeInNothing(node, runs);
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

    static async Task AreAlikeInNothing(Node node, IReadOnlyList<RunningCommand> runs)
    {
        await Task.WhenAll(runs.Select(IsReady));
        var times = new List<(DateTimeOffset Asked, DateTimeOffset Told)>();
        foreach (var run in runs)
            times.Add(await AskForTime(run));
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
        for (var machine = 0; machine < Machines; machine++)
        {
            // What the time takes to get into one of eight machines on a node of few cores is what its clock is behind.
            await Assert.That(Distance(times[machine], results[machine].Lines[WallClock])).IsLessThanOrEqualTo(1).Because($"{results[machine]}");
            // It counts whole seconds, which need not begin when those of the other do.
            await Assert.That(Distance(times[machine], results[machine].Lines[HardwareClock])).IsLessThanOrEqualTo(2).Because($"{results[machine]}");
        }
    }

    static async Task<(DateTimeOffset Asked, DateTimeOffset Told)> AskForTime(RunningCommand run)
    {
        var asked = DateTimeOffset.UtcNow;
        await run.Say("go");
        await run.Output.Contains("told\n");
        return (asked, DateTimeOffset.UtcNow);
    }

    // How far, in seconds, a clock is from where it was asked.
    static double Distance((DateTimeOffset Asked, DateTimeOffset Told) between, string clock)
    {
        var seconds = double.Parse(clock, CultureInfo.InvariantCulture);
        return Math.Max(0, Math.Max((between.Asked.ToUnixTimeMilliseconds() / 1000.0) - seconds, seconds - (between.Told.ToUnixTimeMilliseconds() / 1000.0)));
    }

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
