using VmAppliance.Linux.DeviceMapper;

namespace VmAppliance.Tests.Linux.DeviceMapper;

sealed class DmTargetTests
{
    static readonly DeviceNumber s_a = new(253, 7), s_b = new(8, 16);

    [Test]
    public async Task Tables_are_what_the_kernels_documentation_says()
    {
        await Assert.That(new ErrorTarget(8).Parameters).IsEqualTo("");
        await Assert.That(new SnapshotTarget(2048, s_a, s_b, 32).Parameters).IsEqualTo("253:7 8:16 N 32");
        await Assert.That(new ThinPoolTarget(2048, s_a, s_b, 128, 10).Parameters).IsEqualTo("253:7 8:16 128 10 1 error_if_no_space");
        await Assert.That(new ThinTarget(2048, s_a, 42, s_b).Parameters).IsEqualTo("253:7 42 8:16");
    }

    [Test]
    [Arguments(253u, 7u)]
    [Arguments(8u, 255u)]
    [Arguments(253u, 256u)]
    [Arguments(4095u, 1048575u)]
    public async Task Device_numbers_survive_the_kernels_encoding(uint major, uint minor)
    {
        var number = new DeviceNumber(major, minor);
        await Assert.That(DeviceNumber.Decode(number.Encoded)).IsEqualTo(number);
    }
}
