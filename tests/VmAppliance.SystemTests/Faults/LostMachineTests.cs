using System.Text.RegularExpressions;
using VmAppliance.SystemTests.Fixtures;
using static VmAppliance.SystemTests.Fixtures.Native;

namespace VmAppliance.SystemTests.Faults;

/// <summary>A machine that dies, or a <c>run</c> that is told to end: the right status, one sentence, nothing left.</summary>
[ParallelLimiter<TwoMachines>]
sealed partial class LostMachineTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task QemuThatIsKilledWhileItBootsMayBeTriedAgain()
    {
        var node = Session.With("dies-booting");
        using var lease = new LeasePhase(node);
        await using var run = node.Run("echo", "never").Start();
        await lease.Reaches("Identifying");

        node.Machines.Single().Signal(SIGKILL);
        var result = await run.Ended;

        await Assert.That(result.Status).IsEqualTo(75).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("");
        await Assert.That(result.ErrorLines[0]).Contains("while it booted");
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    [Arguments("lost", 98)]
    [Arguments("lost-42", 42)]
    public async Task QemuThatDiesWhileTheCommandRunsIsToldApart(string name, int status)
    {
        var node = Session.With(name, $"appliance.lost_status = {status}");
        await using var run = node.Script("echo begun; sleep 1000").Start();
        await run.Output.Contains("begun\n");

        node.Machines.Single().Signal(SIGKILL);
        var result = await run.Ended;

        await Assert.That(result.Status).IsEqualTo(status).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("begun\n");
        await Assert.That(result.ErrorText).Matches(OneLine());
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    [Arguments("Starting", SIGTERM)]
    [Arguments("Identifying", SIGINT)]
    public async Task SignalDuringPreparationTakesEverythingDown(string phase, int signal)
    {
        var node = Session.With($"interrupted-{signal}");
        using var lease = new LeasePhase(node);
        await using var run = node.Run("echo", "never").Start();
        await lease.Reaches(phase);

        run.Signal(signal);
        var result = await run.Ended;

        await Assert.That(result.Status).IsNotEqualTo(0).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("");
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: ").And.Contains("interrupted");
        await Assert.That(node.Rests()).IsEmpty();
    }

    // The machine's process is there and does nothing: its port takes the connection, and nobody ever answers.
    [Test]
    [Arguments(SIGTERM)]
    [Arguments(SIGINT)]
    public async Task SignalEndsAStarterWhoseMachineDoesNotAnswer(int signal)
    {
        var node = Session.With($"silent-{signal}");
        await using var holder = (node.Script("echo up; cat") with { KeepInputOpen = true }).Start();
        await holder.Output.Contains("up\n");
        node.Machines.Single().Signal(SIGSTOP);
        try
        {
            await using var starter = (new Command($"{node.Hooks}/starter", "echo", "never") with
            {
                Environment = new Dictionary<string, string> { ["JOB_ID"] = $"run{holder.Pid}" },
                Deadline = TimeSpan.FromSeconds(30),
            }).Start();
            await Eventually.Holds("the starter is connected", () => Directory.GetFiles($"/proc/{starter.Pid}/fd").Count(IsSocket) >= 3);

            starter.Signal(signal);

            await Assert.That((await starter.Ended).ToString()).IsEqualTo(new CommandResult(128 + signal, [], []).ToString());
        }
        finally
        {
            node.Machines.Single().Signal(SIGCONT);
        }
        await holder.Input.DisposeAsync();
        await Assert.That((await holder.Ended).Status).IsEqualTo(0);
    }

    static bool IsSocket(string descriptor) => File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name.StartsWith("socket:", StringComparison.Ordinal) == true;

    [GeneratedRegex(@"^vmappliance: run job: the machine ended.*; the job did not finish\n$")]
    private static partial Regex OneLine();
}
