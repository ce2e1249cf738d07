using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>A machine that becomes a template rehearses a job first. A job that is resumed from it finds nothing of that.</summary>
[ParallelLimiter<TwoMachines>]
sealed class RehearsalTests
{
    // All names with their modes and owners, who is known, where the network leads, what runs. Machines are called by their job's number.
    const string Everything = """
        find / /run /dev -xdev ! -path '/dev/vport*' -printf '%p %m %U:%G\n' 2>/dev/null | sort
        cat /etc/passwd /etc/group /etc/resolv.conf
        cat /sys/class/net/eth0/address
        ip -o -4 address | sed 's/valid_lft.*//'; ip route
        ps -eo user,args | grep -v ' \[' | sort
        """;

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [ClassDataSource<TestAccount>(Shared = SharedType.PerTestSession)]
    public required TestAccount Owner { get; init; }

    [Test]
    public async Task AJobSeesTheSameInAResumedMachineAsInOneThatBooted()
    {
        string resumed = await Look(), booted = await Look("--cold");
        await Assert.That(resumed.Split('\n').Length).IsGreaterThan(1000);
        await Assert.That(resumed).Contains($"\n{Owner.Name}:x:{Owner.Uid}:");
        var (more, less) = (resumed.Split('\n').Except(booted.Split('\n')), booted.Split('\n').Except(resumed.Split('\n')));
        await Assert.That((string.Join('\n', more), string.Join('\n', less))).IsEqualTo(("", ""));
    }

    Task<string> Look(params IEnumerable<string> options) =>
        Session.With("rehearsal").Command(["run", "--image", TestNode.Image, "--owner", Owner.Name, .. options, "--", "sh", "-c", Everything]).Require();
}
