using VmAppliance.Configuration;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Storage;

/// <summary>A disk that is full is its own job's trouble, and is told in one sentence.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class FullDiskTests
{
    const int EIO = 5;

    static readonly DiskKey s_first = new("1.1", 0), s_second = new("2.1", 1);

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Before(Test)]
    public void ClearBefore() => TestGroup.Clear();

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    [Test]
    public async Task A_full_snapshot_fails_its_own_job_only()
    {
        // A third of the golden disk can be written.
        var store = TestGroup.Store(TestGroup.Settings(StorageKind.Snapshot, cow: 16 << 20) with { ChunkSize = 16 << 10 });
        Tool.Run("lvreduce", "--yes", "--force", "--size", "8m", $"{TestGroup.Name}/vma-cow-0");
        Disk first = store.Wipe(s_first, Group.Golden), second = store.Wipe(s_second, Group.Golden);
        await Assert.That(store.Trouble(s_first)).IsNull();
        await Assert.That(Bytes.Fill(first.Path, TestGroup.GoldenBytes, seed: 7)).IsEqualTo(EIO);
        await Assert.That(store.Trouble(s_first)).IsEqualTo($"its disk vma-{TestGroup.Name}-slot0 is full: it could write 16MiB; make [storage] cow_size larger");
        await Assert.That(store.Trouble(s_second)).IsNull();
        await Assert.That(Bytes.Fill(second.Path, 4 << 20, seed: 8)).IsEqualTo(0);
        await Assert.That(store.Fills()[0].Warning!).Contains("smaller than [storage] cow_size");
        await Assert.That(Bytes.Sum(Group.Golden.Path)).IsEqualTo(Group.GoldenSum);
        store.Drop(s_first);
        await Assert.That(Bytes.Sum(store.Wipe(s_first, Group.Golden).Path)).IsEqualTo(Group.GoldenSum);
        await Assert.That(store.Trouble(s_first)).IsNull();
    }

    [Test]
    public async Task The_job_whose_disk_was_full_is_told_when_its_machine_is_taken_down()
    {
        using var directory = new TempDirectory();
        var settings = SettingsReader.Read($"[appliance]\nrun_dir = {directory.Path}/run\nstate_dir = {directory.Path}\n[slots]\ncount = 1\n"
            + $"[storage]\nvolume_group = {TestGroup.Name}\ncow_size = 16MiB\n", out _, out _);
        var node = new Node(settings);
        TestGroup.Store(settings.Storage, slots: 1);
        var key = new Batch.JobKey("7", 1);
        using var lease = node.Leases.Claim(key, slot => new LeaseRecord($"{key}", slot, Phase.Claimed, "alice", 1001, "vm.q", "demo", Host.BootId(), null,
            DateTimeOffset.UtcNow, new Hypervisors.MachineReference(0, 0, Guid.NewGuid()), null))!;
        Bytes.Fill(node.Disks.Wipe(lease.Record.Disk, Group.Golden).Path, TestGroup.GoldenBytes, seed: 7);
        var release = new ReleaseJob(node);
        await Assert.That(release.Run(lease)).IsTrue();
        await Assert.That(release.Trouble).IsEqualTo($"its disk vma-{TestGroup.Name}-slot0 is full: it could write 16MiB; make [storage] cow_size larger");
        await Assert.That(node.Leases.Records()).IsEmpty();
    }

    [Test]
    public async Task A_snapshot_that_fills_up_is_warned_of()
    {
        var store = TestGroup.Store(TestGroup.Settings(StorageKind.Snapshot, cow: 16 << 20), slots: 1);
        await Assert.That(store.Fills().Single().Warning).IsNull();
        Bytes.Fill(store.Wipe(s_first, Group.Golden).Path, 15 << 20, seed: 7);
        await Assert.That(store.Fills().Single().Warning!).Contains("% full; make [storage] cow_size larger");
        await Assert.That(store.Fills().Single().UsedBytes).IsGreaterThanOrEqualTo(15 << 20);
    }

    [Test]
    public async Task A_full_pool_is_told_and_is_well_again_when_its_jobs_have_gone()
    {
        var store = TestGroup.Store(TestGroup.Settings(StorageKind.Thin, pool: 16 << 20));
        Disk first = store.Wipe(s_first, Group.Golden), second = store.Wipe(s_second, Group.Golden);
        Bytes.Fill(first.Path, 12 << 20, seed: 7);
        await Assert.That(Bytes.Fill(second.Path, TestGroup.GoldenBytes, seed: 8)).IsNotEqualTo(0);
        await Assert.That(store.Trouble(s_second)).IsEqualTo($"the pool of its disk, vma-{TestGroup.Name}-pool, is full: all jobs together could write 16MiB; make [storage] pool_size larger");
        await Assert.That(store.Fills().Single().Warning!).Contains("is full");
        // What was written before can still be read.
        await Assert.That(Bytes.HasTrace(first.Path, 7)).IsTrue();
        store.Drop(s_first);
        store.Drop(s_second);
        await Assert.That(store.Fills().Single()).IsEqualTo(new Fill($"{TestGroup.Name}/vma-pool-data", 0, 16 << 20, null));
        var again = store.Wipe(s_first, Group.Golden);
        await Assert.That(Bytes.Fill(again.Path, 8 << 20, seed: 9)).IsEqualTo(0);
    }
}
