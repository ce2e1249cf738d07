using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

sealed class JobLimitsTests
{
    [Test]
    [Arguments("4K", 4096.0)]
    [Arguments("1.5M", 1572864.0)]
    [Arguments("2g", 2e9)]
    [Arguments("1000", 1000.0)]
    [Arguments("INFINITY", null)]
    [Arguments("", null)]
    [Arguments("K", null)]
    public async Task A_value_of_Grid_Engines_is_a_number_of_bytes(string text, double? bytes) => await Assert.That(JobLimits.Number(text)).IsEqualTo(bytes);

    [Test]
    [Arguments("script", "s_vmem=1M", "s_vmem=1M (at least 128M)")]
    [Arguments("script", "h_vmem=127M", "h_vmem=127M (at least 128M)")]
    [Arguments("script", "s_data=4K", "s_data=4K (at least 64M)")]
    [Arguments("script", "h_data=63.9M", "h_data=63.9M (at least 64M)")]
    [Arguments("script", "h_vmem=128M", null)]
    [Arguments("script", "s_stack=4K", null)]
    [Arguments("parallel", "h_vmem=100M", null)] // for each of two slots
    [Arguments("parallel", "h_vmem=60M", "h_vmem=60M (at least 128M)")]
    public async Task A_soft_limit_counts_as_a_hard_one_does(string kind, string limit, string? sentence)
    {
        using var directory = new TempDirectory();
        var lines = Description.Text("8.1.9", kind).Split('\n').Select(l => l.StartsWith(limit[..(limit.IndexOf('=', StringComparison.Ordinal) + 1)], StringComparison.Ordinal) ? limit : l);
        File.WriteAllText(directory["config"], string.Join('\n', lines), Encoding.Latin1);
        await Assert.That(JobLimits.TooSmall(SpoolDirectory.OpenOwn(directory.Path))).IsEqualTo(sentence);
    }
}
