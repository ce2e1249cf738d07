using System.Text;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class LineBufferTests
{
    static string Lines(LineBuffer buffer)
    {
        var lines = new StringBuilder();
        while (buffer.Next() is { } line)
            lines.Append('[').Append(Encoding.UTF8.GetString(line)).Append(']');
        return lines.ToString();
    }

    [Test]
    [Arguments("", "")]
    [Arguments("no end", "")]
    [Arguments("one\n", "[one]")]
    [Arguments("one\ntwo\nthr", "[one][two]")]
    [Arguments("\n\n", "[][]")]
    [Arguments("a\r\n", "[a\r]")]
    public async Task Complete_lines_come_out(string text, string lines)
    {
        var buffer = new LineBuffer();
        buffer.Add(Encoding.UTF8.GetBytes(text));
        await Assert.That(Lines(buffer)).IsEqualTo(lines);
    }

    [Test]
    public async Task A_line_that_comes_in_pieces_comes_out_whole()
    {
        var buffer = new LineBuffer();
        foreach (var one in "grüße\nx"u8.ToArray())
            buffer.Add([one]);
        await Assert.That(Lines(buffer)).IsEqualTo("[grüße]");
        buffer.Add("\n"u8);
        await Assert.That(Lines(buffer)).IsEqualTo("[x]");
    }

    [Test]
    public async Task A_line_that_never_ends_is_not_kept_for_ever()
    {
        var buffer = new LineBuffer();
        for (var i = 0; i < 100; i++)
            buffer.Add(new byte[64 * 1024]);
        buffer.Add("\nok\n"u8);
        await Assert.That(buffer.Next()!.Length).IsLessThanOrEqualTo((1 << 20) + (64 * 1024));
        await Assert.That(Lines(buffer)).IsEqualTo("[ok]");
    }
}
