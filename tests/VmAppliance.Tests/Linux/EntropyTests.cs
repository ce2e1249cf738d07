using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class EntropyTests
{
    [Test]
    [Arguments(0)]
    [Arguments(32)]
    [Arguments(5000)]
    public async Task As_many_bytes_come_as_were_asked_for_to_the_last_one(int count)
    {
        // A byte that no call ever wrote would be 0 in all of them.
        var calls = Enumerable.Range(0, 20).Select(_ => Entropy.Bytes(count)).ToList();
        await Assert.That(calls.All(c => c.Length == count)).IsTrue();
        await Assert.That(Enumerable.Range(0, count).All(i => calls.Any(c => c[i] != 0))).IsTrue();
    }

    [Test]
    public async Task Hexadecimal_digits_are_lower_case_and_never_the_same()
    {
        var texts = Enumerable.Range(0, 100).Select(_ => Entropy.Hex(32)).ToList();
        await Assert.That(texts.All(t => t.Length == 32 && t.All(char.IsAsciiHexDigitLower))).IsTrue();
        await Assert.That(texts.Distinct().Count()).IsEqualTo(100);
    }
}
