using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>Names and values are cut out as sge_strtok_r(line, " =") and then sge_strtok_r(NULL, "\n") of Grid Engine do.</summary>
sealed class ConfigLineTests
{
    static string Read(string text) => string.Concat(ConfigLine.Split(Encoding.Latin1.GetBytes(text)).Select(l => $"[{l.Name}|{Encoding.Latin1.GetString(l.Value.Span)}]"));

    [Test]
    [Arguments("job_owner=alice", "[job_owner|alice]")]
    [Arguments("job_owner alice", "[job_owner|alice]")]
    [Arguments("=job_owner=root", "[job_owner|root]")]
    [Arguments("  = =job_owner root", "[job_owner|root]")]
    [Arguments("job_owner==root", "[job_owner|=root]")]
    [Arguments("job_owner = root ", "[job_owner|= root ]")]
    [Arguments("\tjob_owner=root", "[\tjob_owner|root]")]
    [Arguments("job_owner\t=root", "[job_owner\t|root]")]
    [Arguments("job_owner", "[job_owner|]")]
    [Arguments("job_owner=", "[job_owner|]")]
    [Arguments("", "")]
    [Arguments("\n", "[|]")]
    [Arguments("= =\na=b", "[|][a|b]")]
    [Arguments("a=b\n\nc=d\n", "[a|b][|][c|d]")]
    [Arguments("a=b\r\nc=d", "[a|b\r][c|d]")]
    [Arguments("cwd=/home/\u00e4\u00ff", "[cwd|/home/\u00e4\u00ff]")]
    public async Task A_line_is_read_as_the_shepherd_reads_it(string text, string lines) => await Assert.That(Read(text)).IsEqualTo(lines);
}
