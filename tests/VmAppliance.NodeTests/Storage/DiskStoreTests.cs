using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Storage;

/// <summary>What every store on volumes must do.</summary>
[NotInParallel(TestGroup.Alone)]
[Arguments(StorageKind.Snapshot)]
[Arguments(StorageKind.Thin)]
sealed class DiskStoreTests(StorageKind kind)
{
    static readonly DiskKey s_first = new("1.1", 0), s_second = new("2.1", 1);

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [After(Test)]
    public void Drop() => TestGroup.Drop();

    [Test]
    public async Task A_wiped_disk_is_the_golden_one_and_can_be_written()
    {
        var store = TestGroup.Store(kind);
        var disk = store.Wipe(s_first, Group.Golden);
        await Assert.That((disk.Format, disk.Backing, disk.Path)).IsEqualTo(("raw", null, $"/dev/mapper/vma-{TestGroup.Name}-slot0"));
        await Assert.That(Bytes.Sum(disk.Path)).IsEqualTo(Group.GoldenSum);
        await Assert.That(Bytes.Fill(disk.Path, 4 << 20, seed: 7)).IsEqualTo(0);
        await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsTrue();
        await Assert.That(Bytes.Sum(Group.Golden.Path)).IsEqualTo(Group.GoldenSum);
    }

    [Test]
    public async Task A_job_that_writes_every_byte_leaves_no_trace_for_the_next()
    {
        var store = TestGroup.Store(kind);
        var disk = store.Wipe(s_first, Group.Golden);
        await Assert.That(Bytes.Fill(disk.Path, TestGroup.GoldenBytes, seed: 7)).IsEqualTo(0);
        await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsTrue();
        store.Drop(s_first);
        await Assert.That(Bytes.HasTrace(store.Wipe(s_first, Group.Golden).Path, 7)).IsFalse();
        await Assert.That(Bytes.Sum(disk.Path)).IsEqualTo(Group.GoldenSum);
        // A part of a block: the rest of it must be golden, not what the block held before.
        using (var part = Descriptor.Open(disk.Path, OpenMode.Write))
            part.WriteAll(new byte[512]);
        await Assert.That(Bytes.HasTrace(disk.Path, 7)).IsFalse();
    }

    [Test]
    public async Task Wiping_without_dropping_first_leaves_no_trace_either()
    {
        var store = TestGroup.Store(kind);
        Bytes.Fill(store.Wipe(s_first, Group.Golden).Path, TestGroup.GoldenBytes, seed: 7);
        await Assert.That(Bytes.Sum(store.Wipe(s_first, Group.Golden).Path)).IsEqualTo(Group.GoldenSum);
    }

    [Test]
    public async Task Who_kept_an_earlier_disk_open_never_sees_the_next_jobs()
    {
        var store = TestGroup.Store(kind);
        using (var kept = Descriptor.Open(store.Wipe(s_first, Group.Golden).Path, OpenMode.ReadWrite))
        {
            store.Drop(s_first);
            var failure = Assert.Throws<ApplianceException>(() => store.Wipe(s_first, Group.Golden));
            await Assert.That((failure.Blame, failure.Message.EndsWith("somebody still has it open from an earlier job", StringComparison.Ordinal))).IsEqualTo((Blame.Transient, true));
            await Assert.That(Assert.Throws<LinuxException>(() => kept.Read(new byte[512])).Errno).IsEqualTo(5 /* EIO */);
            await Assert.That(store.InUse()).IsEmpty();
        }
        await Assert.That(Bytes.Sum(store.Wipe(s_first, Group.Golden).Path)).IsEqualTo(Group.GoldenSum);
    }

    [Test]
    public async Task Slots_do_not_see_each_other()
    {
        var store = TestGroup.Store(kind);
        Disk first = store.Wipe(s_first, Group.Golden), second = store.Wipe(s_second, Group.Golden);
        Bytes.Fill(first.Path, 2 << 20, seed: 7);
        await Assert.That(Bytes.Sum(second.Path)).IsEqualTo(Group.GoldenSum);
        await Assert.That(string.Join(' ', store.InUse().Select(d => d.Slot).Order())).IsEqualTo("0 1");
        store.Drop(s_first);
        await Assert.That(Bytes.Sum(second.Path)).IsEqualTo(Group.GoldenSum);
        await Assert.That(string.Join(' ', store.InUse().Select(d => d.Slot))).IsEqualTo("1");
    }

    [Test]
    public async Task Dropping_holds_nothing_can_be_done_twice_and_before_anything_was()
    {
        var store = TestGroup.Store(kind);
        store.Drop(s_first);
        store.Wipe(s_first, Group.Golden);
        store.Drop(s_first);
        store.Drop(s_first);
        await Assert.That(store.InUse()).IsEmpty();
        await Assert.That(Group.OurDevices().Split(' ')).Contains($"vma-{TestGroup.Name}-slot0:error");
        // LVM's own guard: what nobody shows can be changed.
        await Assert.That(Group.Group.Volumes().Where(v => v.Name.StartsWith("vma-cow-", StringComparison.Ordinal) && v.IsOpen)).IsEmpty();
    }

    [Test]
    public async Task A_golden_disk_that_is_not_what_was_imported_is_refused_and_leaves_nothing()
    {
        var store = TestGroup.Store(kind);
        foreach (var (golden, reason) in new[]
        {
            (Group.Golden with { Bytes = TestGroup.GoldenBytes - 512 }, "bytes and had"),
            (Group.Golden with { Path = "/dev/vg-test/nosuch" }, "there is no such volume, or it is not active"),
            (Group.Golden with { EmptyOverlay = "/x" }, "it is a file"),
        })
        {
            var failure = Assert.Throws<ApplianceException>(() => store.Wipe(s_first, golden));
            await Assert.That((failure.Blame, failure.Hint is null)).IsEqualTo((Blame.Node, false));
            await Assert.That(failure.Message).StartsWith("open golden disk, ").And.Contains(reason);
            await Assert.That(store.InUse()).IsEmpty();
        }
    }

    [Test]
    public async Task A_golden_disk_that_can_be_written_is_refused()
    {
        Group.Group.Create("vma-golden-writable", TestGroup.GoldenBytes);
        try
        {
            var golden = Group.Golden with { Path = Group.Group.PathOf("vma-golden-writable") };
            await Assert.That(Assert.Throws<ApplianceException>(() => TestGroup.Store(kind).Wipe(s_first, golden)).Message).EndsWith("it can be written to");
        }
        finally
        {
            Group.Group.Remove("vma-golden-writable");
        }
    }

    [Test]
    public async Task Without_its_volumes_it_says_how_to_make_them()
    {
        TestGroup.Clear();
        var settings = TestGroup.Settings(kind);
        IDiskStore store = kind == StorageKind.Thin ? new VmAppliance.Storage.DeviceMapper.ThinDiskStore(settings) : new VmAppliance.Storage.DeviceMapper.SnapshotDiskStore(settings, 1);
        var failure = Assert.Throws<ApplianceException>(() => store.Wipe(s_first, Group.Golden));
        await Assert.That(failure.Message).EndsWith("there is no such volume, or it is not active");
        await Assert.That(failure.Hint!).Contains("maintenance storage init");
        await Assert.That(store.Fills()[0].Warning!).Contains("maintenance storage init");
        await Assert.That(store.InUse()).IsEmpty();
    }
}
