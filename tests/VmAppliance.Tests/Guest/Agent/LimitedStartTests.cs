using VmAppliance.Guest.Agent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest.Agent;

sealed class LimitedStartTests
{
    [Test]
    public async Task Limits_survive_being_an_argument()
    {
        Limit[] limits = [new(0, 1, 2), new(9, ulong.MaxValue, ulong.MaxValue), new(4, 0, 0), new(3, 8 << 20, ulong.MaxValue)];
        await Assert.That(LimitedStart.Text(limits)).IsEqualTo("0:1:2,9:18446744073709551615:18446744073709551615,4:0:0,3:8388608:18446744073709551615");
        await Assert.That(LimitedStart.Parse(LimitedStart.Text(limits)).SequenceEqual(limits)).IsTrue();
    }
}
