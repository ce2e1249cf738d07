using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

sealed class VolumeGroupTests
{
    [Test]
    [Arguments("vg0", true)]
    [Arguments("vg-data_1.x+", true)]
    [Arguments("", false)]
    [Arguments(".", false)]
    [Arguments("..", false)]
    [Arguments("-vg", false)]
    [Arguments("a/b", false)]
    [Arguments("a b", false)]
    [Arguments("vg;reboot", false)]
    public async Task A_name_is_one_that_lvm_could_take(string name, bool isName) => await Assert.That(VolumeGroup.IsName(name)).IsEqualTo(isName);
}
