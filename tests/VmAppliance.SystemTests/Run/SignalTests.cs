using VmAppliance.SystemTests.Fixtures;
using static VmAppliance.SystemTests.Fixtures.Native;

namespace VmAppliance.SystemTests.Run;

/// <summary>Signals that reach the process on the node reach the command's process group in the machine.</summary>
[ParallelLimiter<TwoMachines>]
sealed class SignalTests
{
    static readonly (string Name, int Number)[] s_signals =
        [("HUP", SIGHUP), ("INT", SIGINT), ("USR1", SIGUSR1), ("USR2", SIGUSR2), ("XCPU", SIGXCPU), ("TERM", SIGTERM)];

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    public async Task EverySignalReachesTheCommand()
    {
        var traps = string.Concat(s_signals.Select(s => $"trap 'echo got {s.Name}; {(s.Number == SIGTERM ? "exit 7" : "")}' {s.Name}; "));
        await using var command = Machine.Script($"{traps} echo ready; while :; do sleep 0.2; done").Start();
        await command.Output.Contains("ready\n");

        foreach (var (name, number) in s_signals)
        {
            command.Signal(number);
            await command.Output.Contains($"got {name}\n");
        }

        await Assert.That((await command.Ended).Status).IsEqualTo(7);
    }

    [Test]
    [Arguments(SIGTERM)]
    [Arguments(SIGINT)]
    [Arguments(SIGUSR2)]
    public async Task SignalThatTheCommandDoesNotCatchEndsIt(int signal)
    {
        // Not a shell's child, which can lose a signal that comes between its fork and its exec.
        await using var command = Machine.Script("file=$(mktemp); echo ready >$file; exec tail -f $file").Start();
        await command.Output.Contains("ready\n");

        command.Signal(signal);

        await Assert.That((await command.Ended).ToString()).IsEqualTo(new CommandResult(128 + signal, "ready\n"u8.ToArray(), []).ToString());
    }

    [Test]
    public async Task ChildrenOfTheCommandGetItToo()
    {
        await using var command = Machine.Script("trap : TERM; sh -c 'trap \"echo child got TERM; exit\" TERM; echo ready; while :; do sleep 0.1; done'; echo parent lives").Start();
        await command.Output.Contains("ready\n");

        command.Signal(SIGTERM);

        await Assert.That((await command.Ended).Text).IsEqualTo("ready\nchild got TERM\nparent lives\n");
    }
}
