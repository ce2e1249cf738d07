using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.NodeTests.Storage;

/// <summary>Where device-mapper would show one job's data to another, if it were used in the obvious way.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class TrapTests
{
    static readonly DiskKey s_first = new("1.1", 0);

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [After(Test)]
    public void Drop() => TestGroup.Drop();

    [Test]
    public async Task Loading_a_snapshot_over_a_snapshot_hands_the_old_jobs_data_over_and_a_wipe_does_not()
    {
        var store = TestGroup.Store(StorageKind.Snapshot);
        var disk = store.Wipe(s_first, Group.Golden);
        Bytes.Fill(disk.Path, 2 << 20, seed: 7);
        using (var control = new DmControl())
        {
            var device = Group.Devices.Of(0);
            control.Load(device, new SnapshotTarget((ulong)TestGroup.GoldenBytes / 512, SlotDevices.Origin(Group.Golden), Group.Devices.Volume(SlotDevices.CowVolume(0)), 32));
            control.Resume(device);
        }
        // The kernel does what the store must never do; if this ever changes, the store's way is still right.
        await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsTrue();
        store.Wipe(s_first, Group.Golden);
        await Assert.That(Bytes.Sum(disk.Path)).IsEqualTo(Group.GoldenSum);
    }

    [Test]
    public async Task A_volume_full_of_an_old_jobs_data_shows_none_of_it()
    {
        var store = TestGroup.Store(StorageKind.Snapshot);
        Bytes.Fill(Group.Devices.PathOf(SlotDevices.CowVolume(0)), 32 << 20, seed: 7);
        var disk = store.Wipe(s_first, Group.Golden);
        using (var part = Descriptor.Open(disk.Path, OpenMode.Write))
            part.WriteAll(new byte[512]);
        await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsFalse();
    }

    [Test]
    public async Task Discarding_leaves_nothing_even_out_of_reach()
    {
        var store = TestGroup.Store(TestGroup.Settings(StorageKind.Snapshot, discard: true));
        Bytes.Fill(store.Wipe(s_first, Group.Golden).Path, TestGroup.GoldenBytes, seed: 7);
        await Assert.That(Bytes.HasTrace(Group.Devices.PathOf(SlotDevices.CowVolume(0)), 7)).IsTrue();
        store.Wipe(s_first, Group.Golden);
        store.Drop(s_first);
        await Assert.That(Bytes.HasTrace(Group.Devices.PathOf(SlotDevices.CowVolume(0)), 7)).IsFalse();
    }

    [Test]
    public async Task A_pool_whose_table_of_ids_was_lost_gives_no_id_away_twice()
    {
        var store = TestGroup.Store(StorageKind.Thin);
        Bytes.Fill(store.Wipe(s_first, Group.Golden).Path, 4 << 20, seed: 7);
        File.Delete($"{TestGroup.Settings(StorageKind.Thin).Directory}/{TestGroup.Name}.ids");
        var second = store.Wipe(new DiskKey("2.1", 1), Group.Golden);
        await Assert.That(Bytes.Sum(second.Path)).IsEqualTo(Group.GoldenSum);
    }

    [Test]
    public async Task A_slots_volume_is_guarded_by_lvm_while_a_job_has_it()
    {
        var store = TestGroup.Store(StorageKind.Snapshot);
        store.Wipe(s_first, Group.Golden);
        await Assert.That(Tool.Try("lvremove", "--yes", $"{TestGroup.Name}/vma-cow-0").Status).IsEqualTo(5);
        await Assert.That(Tool.Try("lvremove", "--yes", $"{TestGroup.Name}/vma-golden-pattern").Status).IsEqualTo(5);
        store.Drop(s_first);
        await Assert.That(Tool.Try("lvremove", "--yes", $"{TestGroup.Name}/vma-cow-0").Status).IsEqualTo(0);
        TestGroup.Clear();
    }

    [Test]
    public async Task A_kernel_without_the_target_is_told_with_the_module_it_lacks()
    {
        TestGroup.Clear();
        var store = TestGroup.Store(StorageKind.Snapshot);
        var modprobe = await File.ReadAllTextAsync("/proc/sys/kernel/modprobe");
        Tool.Run("modprobe", "-r", "dm_snapshot");
        await File.WriteAllTextAsync("/proc/sys/kernel/modprobe", "/bin/false");
        try
        {
            var failure = Assert.Throws<ApplianceException>(() => store.Wipe(s_first, Group.Golden));
            await Assert.That(failure.Message).StartsWith($"wipe disk, vma-{TestGroup.Name}-slot0: DM_TABLE_LOAD ").And.EndsWith("Invalid argument");
            await Assert.That(failure.Hint!).Contains("modprobe dm_snapshot");
            await Assert.That(store.InUse()).IsEmpty();
        }
        finally
        {
            await File.WriteAllTextAsync("/proc/sys/kernel/modprobe", modprobe);
            Tool.Run("modprobe", "dm_snapshot");
        }
    }

    [Test]
    public async Task A_slots_volume_that_somebody_has_mounted_is_not_written_over()
    {
        var store = TestGroup.Store(StorageKind.Snapshot);
        var volume = Group.Devices.PathOf(SlotDevices.CowVolume(0));
        Tool.Run("mkfs.ext4", "-q", "-F", volume);
        Tool.Run("mount", volume, "/mnt");
        try
        {
            var failure = Assert.Throws<ApplianceException>(() => store.Wipe(s_first, Group.Golden));
            await Assert.That(failure.Message).StartsWith($"wipe disk, vma-{TestGroup.Name}-slot0: DM_TABLE_LOAD ").And.EndsWith("Device or resource busy");
            await Assert.That(failure.Hint!).Contains("dmsetup ls --tree");
            await Assert.That(store.InUse()).IsEmpty();
        }
        finally
        {
            Tool.Run("umount", "/mnt");
        }
        await Assert.That(Bytes.Sum(store.Wipe(s_first, Group.Golden).Path)).IsEqualTo(Group.GoldenSum);
    }
}
