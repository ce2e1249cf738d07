using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>What serves a job's session is neither its owner's shell nor the job's to kill.</summary>
[ParallelLimiter<TwoMachines>]
sealed class SessionTests
{
    // What the shells read that sshd could start: bash (which does so for sshd even without a terminal), sh, zsh, tcsh, fish.
    const string StartFiles = ".bashrc .bash_profile .profile .zshenv .zprofile .cshrc .tcshrc .login .config/fish/config.fish";

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    [Arguments("echo said; echo wrong >&2")]
    [Arguments("cat")]
    [Arguments("exit 3")]
    [Arguments("exec sleep 1000")]
    public async Task TheOwnersShellIsNotStarted(string startFile)
    {
        // The account has a shell that reads it, or this would show nothing.
        await Assert.That(await Machine.Script("getent passwd $(id -un) | cut -d: -f7").Require()).IsEqualTo("/bin/bash\n");
        await Machine.Script($"cd ~ && mkdir -p .config/fish && for file in {StartFiles}; do echo '{startFile}' >$file || exit 1; done").Require();

        var result = await (Machine.Script("cat; exit 7") with { Input = "mine\n"u8.ToArray() }).Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(7, "mine\n"u8.ToArray(), []).ToString());
    }

    [Test]
    public async Task TheJobsStreamsAreItsOwnersByTheirNames()
    {
        var result = await (Machine.Script("cat /dev/stdin; echo out >/dev/stdout; echo error >/dev/stderr; stat -L -c %U /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2") with
        {
            Input = "in\n"u8.ToArray(),
        }).Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, System.Text.Encoding.ASCII.GetBytes(
            $"in\nout\n{string.Concat(Enumerable.Repeat($"{Machine.Owner.Name}\n", 3))}"), "error\n"u8.ToArray()).ToString());
    }

    // kill(2): -1 is everybody whom one may signal, but oneself.
    [Test]
    public async Task AJobThatKillsEverybodyGoesOn()
    {
        var result = await Session.Standard.Script("for signal in TERM KILL; do kill -$signal -1; sleep 1; echo survived $signal; done; exit 5").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(5, "survived TERM\nsurvived KILL\n"u8.ToArray(), []).ToString());
    }
}
