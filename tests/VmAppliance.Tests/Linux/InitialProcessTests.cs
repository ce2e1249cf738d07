using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class InitialProcessTests
{
    [Test]
    [Arguments("", "")]
    [Arguments("a\0", "[a]")]
    [Arguments("a\0b\0", "[a][b]")]
    [Arguments("\0", "[]")]
    [Arguments("a\0\0", "[a][]")]
    [Arguments("\0a\0", "[][a]")]
    [Arguments("a\0b", "[a][b]")]
    [Arguments("one\ntwo\0", "[one\ntwo]")]
    public async Task A_block_is_split_at_its_NULs_and_empty_parts_are_kept(string block, string parts) =>
        await Assert.That(string.Concat(InitialProcess.Split(Encoding.Latin1.GetBytes(block)).Select(p => $"[{Encoding.Latin1.GetString(p)}]"))).IsEqualTo(parts);

    [Test]
    public async Task Bytes_that_are_no_text_stay_as_they_are() =>
        await Assert.That(Convert.ToHexString(InitialProcess.Split([0xFF, 0xC3, 0x28, 0])[0])).IsEqualTo("FFC328");

    [Test]
    public async Task A_variable_that_is_not_set_is_null()
    {
        await Assert.That(InitialProcess.Variable("VMA_NO_SUCH_VARIABLE")).IsNull();
        await Assert.That(InitialProcess.Variable("")).IsNull();
    }
}
