using VmAppliance.Configuration;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Reboot;

/// <summary>The second half: the node has booted again, with the same disk.</summary>
[Explicit]
[NotInParallel(TestGroup.Alone)]
sealed class AfterCrashTests
{
    [Before(Class)]
    public static void Activate()
    {
        Tool.Run("modprobe", "-a", "dm_snapshot", "dm_thin_pool");
        Tool.Run("vgchange", "--activate", "y", TestGroup.Name);
    }

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Test]
    [Arguments(StorageKind.Snapshot)]
    [Arguments(StorageKind.Thin)]
    public async Task Nothing_is_in_use_and_the_next_job_finds_no_trace(StorageKind kind)
    {
        var store = TestGroup.Store(TestGroup.Settings(kind));
        await Assert.That(store.InUse()).IsEmpty();
        for (var slot = 0; slot < 2; slot++)
        {
            var disk = store.Wipe(new DiskKey("2.1", slot), Group.Golden);
            await Assert.That(Bytes.Sum(disk.Path)).IsEqualTo(Group.GoldenSum);
            await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsFalse();
            await Assert.That(Bytes.Fill(disk.Path, 2 << 20, seed: 8)).IsEqualTo(0);
            store.Drop(new DiskKey("2.1", slot));
        }
    }

    [Test]
    [DependsOn(nameof(Nothing_is_in_use_and_the_next_job_finds_no_trace))]
    public async Task Lvm_is_well()
    {
        await Assert.That(Tool.Try("vgck", TestGroup.Name).Status).IsEqualTo(0);
        TestGroup.Clear();
        await Assert.That(Group.OurDevices()).IsEqualTo("");
        await Assert.That(Group.Group.Volumes().Single().Name).IsEqualTo("vma-golden-pattern");
    }
}
