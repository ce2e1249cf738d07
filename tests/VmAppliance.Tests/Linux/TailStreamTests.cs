using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class TailStreamTests
{
    [Test]
    [Arguments(10, new[] { "" }, "", false)]
    [Arguments(10, new[] { "0123456789" }, "0123456789", false)]
    [Arguments(10, new[] { "01234", "56789", "a" }, "123456789a", true)]
    [Arguments(10, new[] { "0123456789", "0123456789", "abc" }, "3456789abc", true)]
    [Arguments(4, new[] { "a very long text", "b" }, "extb", true)]
    public async Task The_end_of_what_was_written_is_kept(int most, string[] texts, string kept, bool hasLost)
    {
        using var stream = new TailStream(most);
        foreach (var text in texts)
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        await Assert.That((stream.Text, stream.HasLost)).IsEqualTo((kept, hasLost));
    }
}
