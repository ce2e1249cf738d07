using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Maintenance;

/// <summary><c>maintenance storage</c>, as an administrator types it.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class StorageModeTests
{
    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Before(Test)]
    public void ClearBefore() => TestGroup.Clear();

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    static async Task Fails(CommandResult result, int status, string sentence, string hint)
    {
        await Assert.That(result.Status).IsEqualTo(status).Because($"{result}");
        await Assert.That(result.Output).IsEqualTo("");
        await Assert.That(result.Errors.Split('\n')[0]).StartsWith("vmappliance: ").And.Contains(sentence);
        await Assert.That(result.Errors.Split('\n')[1]).StartsWith("(hint: ").And.Contains(hint);
    }

    string Ours() => string.Join(' ', Group.Group.Volumes().Where(v => v.IsOurs && !v.Name.StartsWith("vma-golden-", StringComparison.Ordinal)).Select(v => $"{v.Name}:{v.Bytes >> 20}").Order(StringComparer.Ordinal));

    [Test]
    public async Task Volumes_are_announced_made_once_shown_and_removed()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        await Assert.That(Appliance.Require("maintenance", "storage", "init", "--dry-run")).IsEqualTo(
            "volume vg-test/vma-cow-0, 32MiB, what the job of slot 0 writes: would be made\nvolume vg-test/vma-cow-1, 32MiB, what the job of slot 1 writes: would be made\n");
        await Assert.That(Ours()).IsEqualTo("");
        await Assert.That(Appliance.Run("maintenance", "storage", "status").Output).Contains("vg-test/vma-cow-1: there is no such volume; make it: vmappliance maintenance storage init");
        await Assert.That(Appliance.Require("maintenance", "storage", "init")).Contains("vma-cow-1, 32MiB, what the job of slot 1 writes: made");
        await Assert.That(Appliance.Require("maintenance", "storage", "init")).IsEqualTo("volume group vg-test: all volumes are there\n");
        await Assert.That(Ours()).IsEqualTo("vma-cow-0:32 vma-cow-1:32");
        await Assert.That(Appliance.Require("maintenance", "storage", "status")).Contains("vg-test/vma-cow-0");
        await Assert.That(Appliance.Require("maintenance", "storage", "status", "--json")).Contains("\"totalBytes\": 33554432");
        await Assert.That(Appliance.Require("maintenance", "storage", "remove", "--dry-run")).Contains("vma-cow-0: would be removed");
        await Assert.That(Appliance.Require("maintenance", "storage", "remove")).Contains("vma-cow-1: removed");
        await Assert.That(Appliance.Require("maintenance", "storage", "remove")).IsEqualTo("");
        await Assert.That(Ours()).IsEqualTo("");
    }

    [Test]
    public async Task A_pool_is_two_volumes()
    {
        using var appliance = new Appliance(Appliance.In("thin"));
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Ours()).IsEqualTo("vma-pool-data:64 vma-pool-meta:8");
        Appliance.Require("maintenance", "storage", "remove");
        await Assert.That(Ours()).IsEqualTo("");
    }

    [Test]
    public async Task A_group_with_too_little_room_gets_nothing()
    {
        using var appliance = new Appliance([.. Appliance.In("snapshot").Select(l => l.Replace("32MiB", "700MiB", StringComparison.Ordinal))]);
        await Fails(Appliance.Run("maintenance", "storage", "init"), 1, "make volumes, vg-test: 1400MiB are needed and ", "vgextend");
        await Assert.That(Ours()).IsEqualTo("");
    }

    [Test]
    public async Task A_group_that_is_not_there_is_named()
    {
        using var appliance = new Appliance(["volume_group = nosuch"]);
        await Fails(Appliance.Run("maintenance", "storage", "init"), 1, "read volume group, ", "the command was: ");
    }

    [Test]
    public async Task Without_a_group_there_is_nothing_to_do()
    {
        using var appliance = new Appliance(["kind = file"]);
        await Fails(Appliance.Run("maintenance", "storage", "init"), 64, "disks are files here", "volume_group");
    }

    [Test]
    public async Task Somebody_elses_volume_is_never_touched()
    {
        Tool.Run("lvcreate", "-q", "-y", "-Zn", "-Wn", "-L", "32m", "-n", "vma-cow-1", TestGroup.Name);
        using var appliance = new Appliance(Appliance.In("snapshot"));
        await Fails(Appliance.Run("maintenance", "storage", "init"), 1, "make volumes, vg-test/vma-cow-1: there is one of this name that is not ours", "rename it");
        await Assert.That(Appliance.Require("maintenance", "storage", "remove")).IsEqualTo("");
        await Assert.That(Group.Group.Volumes().Any(v => v.Name == "vma-cow-1")).IsTrue();
        await Assert.That(Ours()).IsEqualTo("");
        Tool.Run("lvremove", "-q", "-y", $"{TestGroup.Name}/vma-cow-1");
    }

    [Test]
    public async Task A_volume_that_is_too_small_is_told_with_what_enlarges_it()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        Group.Group.Create("vma-cow-0", 16 << 20);
        await Fails(Appliance.Run("maintenance", "storage", "init"), 1, "vg-test/vma-cow-0: it has 16MiB and 32MiB are asked for", "lvextend --size 33554432b vg-test/vma-cow-0");
        Tool.Run("lvextend", "--size", "33554432b", "vg-test/vma-cow-0");
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Ours()).IsEqualTo("vma-cow-0:32 vma-cow-1:32");
    }

    [Test]
    public async Task Devices_that_somebody_has_open_are_not_torn_away()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        TestGroup.Store(VmAppliance.Configuration.StorageKind.Snapshot).Wipe(new("1.1", 0), Group.Golden);
        using (VmAppliance.Linux.Descriptor.Open(Group.Devices.Of(0).Path, VmAppliance.Linux.OpenMode.Read))
            await Fails(Appliance.Run("maintenance", "storage", "remove"), 75, "somebody has it open", "fuser");
        Appliance.Require("maintenance", "storage", "remove");
        await Assert.That(Group.OurDevices()).IsEqualTo("");
    }

    [Test]
    public async Task Whoever_has_no_rights_is_told_so()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Appliance.Import("demo", Appliance.DiskFile(8 << 20)).Status).IsEqualTo(0);
        var result = Tool.Try("setpriv", "--bounding-set=-sys_admin", "--", Appliance.Program, "--config", Appliance.Configuration, "run", "--image", "demo", "--", "true");
        await Fails(result, 1, "Permission denied", "CAP_SYS_ADMIN");
        await Assert.That(Appliance.Rests).IsEmpty();
    }

    [Test]
    public async Task Check_tells_what_is_missing_and_status_what_is_full()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        await Assert.That(Appliance.Run("maintenance", "check").Output).Contains("error    storage: vg-test/vma-cow-0: there is no such volume");
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Appliance.Run("maintenance", "check").Output).Contains("ok       storage: vg-test/vma-cow-0").And.Contains("ok       device-mapper: version 4.");
        await Assert.That(Appliance.Require("maintenance", "status")).DoesNotContain("vma-cow");
        // A volume that holds no more than the golden disk, and a job that writes all of that.
        Tool.Run("lvreduce", "--yes", "--force", "--size", "16m", "vg-test/vma-cow-0");
        using var small = new Appliance([.. Appliance.In("snapshot").Select(l => l.Replace("cow_size = 32MiB", "cow_size = 16MiB", StringComparison.Ordinal))]);
        Bytes.Fill(new VmAppliance.Storage.DeviceMapper.SnapshotDiskStore(TestGroup.Settings(VmAppliance.Configuration.StorageKind.Snapshot), 2)
            .Wipe(new("1.1", 0), Group.Golden).Path, TestGroup.GoldenBytes, seed: 7);
        await Assert.That(Appliance.Require("maintenance", "status")).Contains("vg-test/vma-cow-0: it is full, and the job of slot 0 has lost what it wrote; make [storage] cow_size larger\n");
        await Assert.That(Appliance.Run("maintenance", "storage", "status").Status).IsEqualTo(1);
        await Assert.That(Appliance.Run("maintenance", "check").Output).Contains("warning  storage: vg-test/vma-cow-0: it is full");
    }
}
