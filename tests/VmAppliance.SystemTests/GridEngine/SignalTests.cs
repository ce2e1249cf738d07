using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>qdel and qmod on jobs that have machines.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class SignalTests
{
    const string Ticking = "trap 'echo warned' USR1; trap 'echo killed; exit 5' USR2; while :; do date +%s.%N; sleep 0.1; done\n";

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task NotifiedJobIsWarnedAndEndsByItself()
    {
        await using var job = await Cell.Submit(new Submission("notify.q") { Script = Ticking, Options = ["-notify"] });
        await job.Says("\n");
        await job.Modify("-sj");
        await job.Says("warned\n");
        await job.Delete();
        var end = await job.End();

        await Assert.That(end.Output).EndsWith("killed\n");
        await Assert.That(end.Account.ExitStatus).IsEqualTo(5);
        await Nothing(job);
    }

    [Test]
    public async Task DeletedJobIsKilledAndAccountedFor()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "trap '' TERM HUP INT; echo up; sleep 1000\n" });
        await job.Says("up\n");
        await job.Delete();
        var end = await job.End();

        await Assert.That(end.Account.ExitStatus).IsEqualTo(137);
        await Assert.That(end.Account.Failed).IsEqualTo(100);
        await Assert.That(end.Account.Cpu).IsGreaterThan(0.3);
        await Assert.That(end.Errors).IsEqualTo("");
        await Nothing(job);
    }

    [Test]
    public async Task SuspendedJobIsDeleted()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = Ticking });
        await job.Says("\n");
        await job.Modify("-sj");
        await job.Until("the machine's pause", () => Task.FromResult(Monitor.Status($"{job.Lease}/qmp.sock") == "paused"));
        await job.Delete();
        var end = await job.End();

        await Assert.That(end.Account.ExitStatus).IsEqualTo(137);
        await Nothing(job);
    }

    [Test]
    public async Task JobDeletedWhileItsMachineBootsNeverStarts()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo up\n" });
        await job.Reaches("Identifying");
        // Stopped, or it would be ready before the batch system has got there.
        var machine = job.Machine!;
        machine.Signal(Native.SIGSTOP);
        try
        {
            await job.Delete();
            await job.Until("the shepherd's knowledge of it", () => Task.FromResult(File.ReadAllText($"{job.Spool}/trace").Contains("queued signal KILL", StringComparison.Ordinal)));
        }
        finally
        {
            machine.Signal(Native.SIGCONT);
        }
        var end = await job.End();

        await Assert.That(end.Output).IsEqualTo("");
        await Assert.That(end.Account.Failed).IsEqualTo(100);
        await Nothing(job);
    }

    [Test]
    public async Task SuspendedJobStandsStillAndGoesOn()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = Ticking });
        await job.Says("\n");
        await job.Modify("-sj");
        await job.Until("the machine's pause", () => Task.FromResult(Monitor.Status($"{job.Lease}/qmp.sock") == "paused"));

        // A clock is proven wrong only by a pause that lasts.
        var output = job.Output;
        await Patience.Until("a pause of 3 s", () => DateTime.UtcNow - LastTick(output) > TimeSpan.FromSeconds(3));
        await Assert.That(job.Output).IsEqualTo(output);
        await Assert.That(await job.State()).IsEqualTo("s");

        await job.Modify("-usj");
        await job.Until("a tick of the right time", () => Task.FromResult(job.Output.Length > output.Length && DateTime.UtcNow - LastTick(job.Output) < TimeSpan.FromSeconds(1.5)));
        await Assert.That(job.Output).StartsWith(output);
        await Assert.That(await job.State()).IsEqualTo("r");
    }

    static DateTime LastTick(string output) => DateTime.UnixEpoch.AddSeconds(double.Parse(
        output.Split('\n')[..^1].Last(l => l.Length > 0 && char.IsAsciiDigit(l[0])), System.Globalization.CultureInfo.InvariantCulture));

    async Task Nothing(GridJob job)
    {
        await Assert.That(job.Machine).IsNull();
        await Assert.That(Directory.Exists(job.Lease)).IsFalse();
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }
}
