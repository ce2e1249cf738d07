using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.Tests.Storage.DeviceMapper;

/// <summary>What the kernel says of snapshots and pools: snapshot.rst, thin-provisioning.rst.</summary>
sealed class StatusTests
{
    [Test]
    [Arguments("0/524288 0", 0L)]
    [Arguments("16/524288 16", 0L)]
    [Arguments("80/524288 16", 64L * 512)]
    [Arguments("Invalid", null)]
    [Arguments("Overflow", null)]
    [Arguments("", null)]
    public async Task A_snapshot_tells_what_it_uses_or_that_it_is_broken(string status, long? bytes) => await Assert.That(SnapshotDiskStore.Used(status)).IsEqualTo(bytes);

    [Test]
    [Arguments("0 11/2048 100/4096 - rw discard_passdown error_if_no_space - 1024", 6553600L)]
    [Arguments("0 11/2048 4096/4096 - out_of_data_space discard_passdown error_if_no_space - 1024", 268435456L)]
    [Arguments("Fail", null)]
    public async Task A_pool_tells_how_many_blocks_it_uses(string status, long? bytes) => await Assert.That(ThinDiskStore.Used(status, 65536)).IsEqualTo(bytes);
}
