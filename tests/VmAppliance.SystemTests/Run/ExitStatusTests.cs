using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>A command's end is told as a shell tells it.</summary>
[ParallelLimiter<TwoMachines>]
sealed class ExitStatusTests
{
    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    [Arguments(0)]
    [Arguments(1)]
    [Arguments(3)]
    [Arguments(99)]
    [Arguments(100)]
    [Arguments(137)]
    [Arguments(255)]
    public async Task ExitStatusIsTheCommands(int status)
    {
        var result = await Machine.Script($"exit {status}").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(status, [], []).ToString());
    }

    [Test]
    public async Task ADirectoryThatTheOwnerMayNotEnterIsNamed()
    {
        var result = await (Machine.Script("true") with { Directory = "/root" }).Run();

        await Assert.That((result.Status, result.ErrorText.Trim())).IsEqualTo((126, "vmappliance: start job, sh: its owner may not enter its working directory, /root"));
    }

    [Test]
    [Arguments("TERM", 15)]
    [Arguments("KILL", 9)]
    [Arguments("SEGV", 11)]
    [Arguments("XCPU", 24)]
    [Arguments("USR1", 10)]
    public async Task DeathBySignalIs128AndItsNumber(string name, int number)
    {
        var result = await Machine.Script($"kill -s {name} $$").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(128 + number, [], []).ToString());
    }
}
