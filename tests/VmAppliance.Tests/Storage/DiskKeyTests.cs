using VmAppliance.Storage;

namespace VmAppliance.Tests.Storage;

sealed class DiskKeyTests
{
    [Test]
    [Arguments("7.1", 2, true)]
    [Arguments("7.1", null, true)]
    [Arguments(null, 2, true)]
    [Arguments("7.2", 2, false)]
    [Arguments("7.1", 3, false)]
    [Arguments("8.1", null, false)]
    [Arguments(null, 0, false)]
    public async Task A_disk_that_tells_less_is_told_by_what_it_tells(string? job, int? slot, bool isOf) => await Assert.That(new DiskKey(job, slot).IsOf("7.1", 2)).IsEqualTo(isOf);
}
