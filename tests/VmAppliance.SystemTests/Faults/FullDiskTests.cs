using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Faults;

/// <summary>A node whose disk is full refuses a job, or fails a running job's writes; it never hangs and leaves nothing.</summary>
[ParallelLimiter<TwoMachines>]
sealed class FullDiskTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task NoRoomForADisk()
    {
        var node = Session.With("full");
        await using var small = await Mount.Small(node.DiskDirectory, "16k");

        var result = await node.Run("true").Run();

        await Assert.That(result.Status).IsEqualTo(1).Because($"{result}");
        await Assert.That(result.ErrorLines.Length).IsEqualTo(2).Because(result.ErrorText);
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: wipe disk, run").And.Contains("No space left on device");
        await Assert.That(result.ErrorLines[1]).StartsWith("(hint: ").And.Contains($"df {node.DiskDirectory}");
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    public async Task DiskThatFillsUpFailsTheCommandsWrites()
    {
        var node = Session.With("filling");
        await using var small = await Mount.Small(node.DiskDirectory, "32m");

        var result = await node.Script("head -c 100M /dev/urandom >/var/tmp/large && sync /var/tmp/large; echo status $?").Run();

        await Assert.That(result.Status).IsEqualTo(0).Because($"{result}");
        await Assert.That(result.Lines[^1]).IsEqualTo("status 1");
        await Assert.That(node.Rests()).IsEmpty();
    }

    sealed class Mount : IAsyncDisposable
    {
        readonly string _path;

        Mount(string path) => _path = path;

        public static async Task<Mount> Small(string path, string size)
        {
            Directory.CreateDirectory(path);
            await new Command("mount", "-t", "tmpfs", "-o", $"size={size},mode=0700", "vma-test", path).Require();
            return new Mount(path);
        }

        public async ValueTask DisposeAsync() => await new Command("umount", _path).Require();
    }
}
