using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>A machine, and what runs in it, has its owner's rights and no more.</summary>
[ParallelLimiter<TwoMachines>]
sealed class OwnerTests
{
    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    TestAccount Owner => Machine.Owner;

    [Test]
    public async Task AccountIsTheSameInside()
    {
        const string Who = "id --user; id --group; id --groups; id --groups --name; id --user --name";
        var outside = await Owner.As(new Command("sh", "-c", Who)).Require();

        await Assert.That(await Machine.Script(Who).Require()).IsEqualTo(outside);
        await Assert.That(outside).Contains(Owner.Group);
    }

    [Test]
    public async Task QemuHasTheOwnersRightsAndIsConfined()
    {
        var machine = Machine.Node.Machines.Single();

        await Assert.That(machine.Status("Uid").Distinct()).IsEquivalentTo([$"{Owner.Uid}"]);
        await Assert.That(machine.Status("Gid").Distinct()).IsEquivalentTo([$"{Owner.Gid}"]);
        await Assert.That(machine.Status("NoNewPrivs").Single()).IsEqualTo("1");
        await Assert.That(machine.Status("Seccomp").Single()).IsEqualTo("2");
        foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
            await Assert.That(machine.Status(set).Single().Trim('0')).IsEqualTo("").Because(set);
    }

    [Test]
    public async Task FilesOfTheLeaseShowNothingToOthers()
    {
        var lease = $"{Machine.Node.RunDirectory}/leases/{Machine.Node.Leases.Single()}";

        var modes = await new Command(["stat", "--format=%n %a %U", .. new[] { "record.json", "pass.json", "qmp.sock", "console.sock", "port.in", "port.out" }]) { Directory = lease }.Require();

        // The x of pass.json says that the job has begun.
        await Assert.That(modes).IsEqualTo($"""
            record.json 600 root
            pass.json 500 {Owner.Name}
            qmp.sock 600 {Owner.Name}
            console.sock 600 {Owner.Name}
            port.in 600 {Owner.Name}
            port.out 600 {Owner.Name}

            """);
        // Nobody but root finds out which jobs there are, or reaches a disk or an image.
        foreach (var directory in new[] { $"{Machine.Node.RunDirectory}/leases", lease, Machine.Node.DiskDirectory, $"{Machine.Node.StateDirectory}/images" })
            await Assert.That((await Owner.As(new Command("ls", directory)).Run()).Status).IsEqualTo(2).Because(directory);
    }

    [Test]
    public async Task SomebodyElseCannotUseTheMachine()
    {
        var stranger = Machine.Start("true");
        stranger = stranger with { Argv = [.. stranger.Argv.SkipWhile(a => a.Length < 2 || a[0] != '/')] };

        var result = await stranger.Behind("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--").Run();

        await Assert.That(result.Status).IsEqualTo(99);
        await Assert.That(result.ErrorText).Contains("no machine on this node");
    }

    [Test]
    public async Task WhoeverCalledSudoOwnsTheMachine()
    {
        var result = await (Machine.Session.Standard.Script("id -un; pwd; echo $HOME $USER $LOGNAME; umask; cat /etc/shadow") with
        {
            Environment = new Dictionary<string, string> { ["SUDO_USER"] = Owner.Name },
        }).Behind("sh", "-c", "umask 027; exec \"$@\"", "sh").Run();

        await Assert.That(result.Text).IsEqualTo($"{Owner.Name}\n/\n{Owner.Home} {Owner.Name} {Owner.Name}\n0027\n");
        await Assert.That(result.ErrorText).Contains("Permission denied");
    }

    // sshd does not even start where the account is gone that has its own number.
    [Test]
    public async Task AnOwnerMayHaveTheNumberOfAnAccountThatTheImagesSshdNeeds()
    {
        var node = Machine.Session.Standard;
        var (name, uid) = ($"vmats{Environment.ProcessId}", (await Machine.Script("id --user sshd").Require()).Trim());
        await new Command("useradd", "--non-unique", "--uid", uid, "--gid", $"{Owner.Gid}", "--no-create-home", "--shell", "/bin/sh", name).Require();
        try
        {
            var result = await node.Command("run", "--image", TestNode.Image, "--owner", name, "--", "sh", "-c", "id --user; id --user --name; id --user sshd").Run();

            await Assert.That((result.Status, result.Text)).IsEqualTo((0, $"{uid}\n{name}\n{uid}\n")).Because($"{result}");
        }
        finally
        {
            await new Command("userdel", name).Run();
        }
    }

    [Test]
    [Arguments("root", 64, "a machine is never root's")]
    [Arguments("no-such-account", 1, "no-such-account")]
    public async Task OwnersThatCannotBeAreRefused(string owner, int status, string reason)
    {
        var node = Machine.Session.With("owners");

        var result = await node.Command("run", "--owner", owner, "--", "true").Run();

        await Assert.That(result.Status).IsEqualTo(status).Because(result.ErrorText);
        await Assert.That(result.ErrorLines[0]).Contains(reason);
        await Assert.That(result.ErrorLines[1]).StartsWith("(hint: ");
        await Assert.That(result.Output).IsEmpty();
        await Assert.That(node.Rests()).IsEmpty();
    }
}
