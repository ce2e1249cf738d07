using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

sealed class UnitsTests
{
    [Test]
    [Arguments("0", 0L)]
    [Arguments("1", 1L)]
    [Arguments("64KiB", 65536L)]
    [Arguments("512MiB", 512L << 20)]
    [Arguments("1GiB", 1L << 30)]
    [Arguments("2TiB", 2L << 40)]
    [Arguments("2g", 2L << 30)]
    [Arguments("3 MiB", 3L << 20)]
    [Arguments("9223372036854775807", long.MaxValue)]
    public async Task A_size_is_its_number_of_bytes(string text, long bytes) =>
        await Assert.That(Units.Size(text)).IsEqualTo(bytes);

    [Test]
    [Arguments("")]
    [Arguments("MiB")]
    [Arguments("-1MiB")]
    [Arguments("+1")]
    [Arguments("1.5GiB")]
    [Arguments("1 2")]
    [Arguments("512MB")]
    [Arguments("1MiBs")]
    [Arguments("0x10")]
    [Arguments("9223372036854775808")]
    [Arguments("9007199254740992KiB")]
    [Arguments("99999999999999999999GiB")]
    [Arguments("１２")]
    public async Task What_is_no_size_is_refused(string text) =>
        await Assert.That(Units.Size(text)).IsNull();

    [Test]
    [Arguments("500ms", 500)]
    [Arguments("1ms", 1)]
    [Arguments("30s", 30_000)]
    [Arguments("2min", 120_000)]
    [Arguments("1h", 3_600_000)]
    [Arguments("0s", 0)]
    public async Task A_duration_is_its_time(string text, int milliseconds) =>
        await Assert.That(Units.Duration(text)).IsEqualTo(TimeSpan.FromMilliseconds(milliseconds));

    [Test]
    [Arguments("")]
    [Arguments("30")]
    [Arguments("s")]
    [Arguments("2m")]
    [Arguments("-1s")]
    [Arguments("1.5h")]
    [Arguments("2 min 3 s")]
    [Arguments("99999999999s")]
    public async Task What_is_no_duration_is_refused(string text) =>
        await Assert.That(Units.Duration(text)).IsNull();

    [Test]
    [Arguments(0L, "0")]
    [Arguments(1L, "1")]
    [Arguments(1023L, "1023")]
    [Arguments(1L << 10, "1KiB")]
    [Arguments(1536L << 10, "1536KiB")]
    [Arguments(512L << 20, "512MiB")]
    [Arguments(1L << 30, "1GiB")]
    [Arguments(1L << 40, "1TiB")]
    [Arguments((1L << 30) + 1, "1073741825")]
    public async Task A_size_is_printed_in_the_largest_unit_that_divides_it_and_reads_back(long bytes, string text)
    {
        await Assert.That(Units.Text(bytes)).IsEqualTo(text);
        await Assert.That(Units.Size(Units.Text(bytes))).IsEqualTo(bytes);
    }

    [Test]
    [Arguments(1, "1ms")]
    [Arguments(1500, "1500ms")]
    [Arguments(1000, "1s")]
    [Arguments(90_000, "90s")]
    [Arguments(120_000, "2min")]
    [Arguments(3_600_000, "1h")]
    [Arguments(5_400_000, "90min")]
    public async Task A_duration_is_printed_in_the_largest_unit_that_divides_it_and_reads_back(int milliseconds, string text)
    {
        var time = TimeSpan.FromMilliseconds(milliseconds);
        await Assert.That(Units.Text(time)).IsEqualTo(text);
        await Assert.That(Units.Duration(Units.Text(time))).IsEqualTo(time);
    }
}
