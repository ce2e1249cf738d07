using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.Tests.Storage.DeviceMapper;

sealed class ThinPoolTests
{
    [Test]
    public async Task A_pool_that_somebody_does_not_let_go_of_is_not_waited_for_for_ever_and_it_is_said_who_has_it()
    {
        using var directory = new TempDirectory();
        var settings = Sample.Storage(CopyKind.Auto, directory.Path) with { Kind = StorageKind.Thin, VolumeGroup = "vg" };
        using var held = new ThinPool(new SlotDevices(settings), settings);
        var failure = Assert.Throws<ApplianceException>(() => _ = new ThinPool(new SlotDevices(settings), settings, TimeSpan.FromMilliseconds(100)));
        await Assert.That(failure.Message).StartsWith($"lock thin pool, {directory["vg.lock"]}: process {Environment.ProcessId} (");
        await Assert.That(failure.Blame).IsEqualTo(Blame.Transient);
    }
}
