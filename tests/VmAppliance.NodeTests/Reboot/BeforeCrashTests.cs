using VmAppliance.Configuration;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Reboot;

/// <summary>The first half of a crash of the node: disks of both kinds are in use and being written when the kernel dies. Runs in a VM of its own.</summary>
[Explicit]
[NotInParallel(TestGroup.Alone)]
sealed class BeforeCrashTests
{
    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Test]
    public async Task Jobs_write_and_the_node_dies()
    {
        foreach (var kind in new[] { StorageKind.Snapshot, StorageKind.Thin })
        {
            var disk = TestGroup.Store(kind).Wipe(new DiskKey("1.1", kind == StorageKind.Thin ? 1 : 0), Group.Golden);
            await Assert.That(Bytes.Fill(disk.Path, TestGroup.GoldenBytes, seed: 7)).IsEqualTo(0);
        }
        await Assert.That(Group.OurDevices()).Contains("slot0:snapshot").And.Contains("slot1:thin");
        await File.WriteAllTextAsync("/proc/sys/kernel/sysrq", "1");
        // Nothing is synced, nobody is told.
        await File.WriteAllTextAsync("/proc/sysrq-trigger", "b");
    }
}
