using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>A command's end is told as a shell tells it.</summary>
[ParallelLimiter<TwoMachines>]
sealed class ExitStatusTests
{
    // What the starter says of a job that cannot be started: sge_shepherd(8).
    const int GridEngineJobError = 100;

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

        await Assert.That((result.Status, result.ErrorText.Trim())).IsEqualTo((GridEngineJobError, "vmappliance: start job, sh: its owner may not enter its working directory, /root"));
    }

    // The status that wait(2) gives: the signal's number, and 128 beside it if there is a core. In that would be the key of the lease.
    [Test]
    [Arguments(15)]
    [Arguments(9)]
    [Arguments(11)]
    [Arguments(6)]
    [Arguments(24)]
    [Arguments(10)]
    [Arguments(32)]
    [Arguments(64)]
    public async Task StarterDiesOfTheSignalThatTheJobDiedOfAndLeavesNoCore(int signal)
    {
        var result = await Machine.Script($"kill -{signal} $$").Behind("sh", "-c", "ulimit -c unlimited; exec perl -e 'system @ARGV; print $?' \"$@\"", "sh").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, System.Text.Encoding.ASCII.GetBytes($"{signal}"), []).ToString());
    }

    [Test]
    [Arguments("#!/bin/sh\r\necho hi\r\n", "its interpreter, /bin/sh\\r, is not there: its lines end in carriage returns, as on Windows")]
    [Arguments("#!/nonexistent/interpreter\n", "its interpreter, /nonexistent/interpreter, is not there")]
    public async Task ScriptThatNobodyCanReadIsTheJobsFaultAndSaysWhy(string text, string reason)
    {
        var script = $"/tmp/script{Guid.NewGuid():N}";
        await (Machine.Script($"cat > {script}; chmod 755 {script}") with { Input = System.Text.Encoding.ASCII.GetBytes(text) }).Require();

        var result = await Machine.Start(script).Run();

        await Assert.That(result.ToString()).IsEqualTo(
            new CommandResult(GridEngineJobError, [], System.Text.Encoding.ASCII.GetBytes($"vmappliance: start job, {script}: {reason}\n")).ToString());
    }

    [Test]
    public async Task WorkingDirectoryWhoseNameIsNoTextIsTheJobs()
    {
        // é as Latin-1 has it.
        var name = $"\"$(printf '/tmp/{Guid.NewGuid():N}-\\351')\"";
        await Machine.Script($"mkdir {name}").Require();
        var there = Machine.Script("pwd | od -An -c").Behind("sh", "-c", $"mkdir {name}; cd {name}; \"$@\"; status=$?; rmdir {name}; exit $status", "sh");

        await Assert.That(await there.Require()).Contains(" - 351");
    }
}
