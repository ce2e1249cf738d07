using System.Text;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>What a job finds around it: the node's time zone, and a word when its machine is too small for it.</summary>
[ParallelLimiter<TwoMachines>]
sealed class SurroundingsTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task TimeIsTheNodesUnlessTheJobSaysOtherwise()
    {
        // This host's own zone stays as it is: the command sees a copy of /etc with another one.
        var etc = $"{Session.Directory}/etc";
        await new Command("cp", "-a", "/etc", etc).Require();
        File.Delete($"{etc}/localtime");
        await File.WriteAllBytesAsync($"{etc}/localtime", Zone());
        var command = Session.With("zone").Script("date +%z; TZ=UTC0 date +%z").Behind("unshare", "-m", "sh", "-euc", "mount --bind \"$0\" /etc; exec \"$@\"", etc);

        await Assert.That((await command.Run()).ToString()).IsEqualTo("status 0, output '+0530\n+0000\n', errors ''");
    }

    [Test]
    public async Task MemoryThatWasTooSmallIsNamed()
    {
        var result = await Session.With("small").Script("tail /dev/zero; echo $?").Run();

        await Assert.That((result.Status, result.Text)).IsEqualTo((0, "137\n"));
        await Assert.That(result.ErrorText).Matches(@"vmappliance: run job, sh: the memory of its machine, 512 MiB, was too small: the kernel ended process \d+ \(tail\)\n\(hint: .*memory_per_slot.*\)\n$");
    }

    // tzfile(5), version 2: half past five hours east of Greenwich, which no image knows by a name of ours.
    static byte[] Zone()
    {
        byte[] part = [.. "TZif2"u8, .. new byte[15 + 16], 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0x4d, 0x58, 0, 0, .. "+0530\0"u8];
        return [.. part, .. part, .. Encoding.ASCII.GetBytes("\n<+0530>-5:30\n")];
    }
}
