using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

sealed class JobArgumentsTests
{
    static string? Read(string config) => JobArguments.Read(Description.Lines(config)) is { } read ? string.Concat(read.Select(a => $"[{Encoding.Latin1.GetString(a)}]")) : null;

    [Test]
    [Arguments("njob_args=1\njob_arg1=a\nqueue_tmpdir=/tmp", "[a]")]
    [Arguments("job_id=1\nnjob_args=3\njob_arg1=a b\njob_arg2=\njob_arg3='c'\nqueue_tmpdir=/tmp\nx=y", "[a b][][']")]
    [Arguments("njob_args=1\njob_arg1=\nqueue_tmpdir=/tmp", "[]")]
    [Arguments("njob_args=2\njob_arg1=one\ntwo\njob_arg2=three\nqueue_tmpdir=/tmp", "[one\ntwo][three]")]
    [Arguments("njob_args=1\njob_arg1=one\n\n\ntwo\nqueue_tmpdir=/tmp", "[one\n\n\ntwo]")]
    [Arguments("njob_args=1\njob_arg1=one\njob_owner=root\nqueue_tmpdir=/tmp", "[one\njob_owner=root]")]
    [Arguments("njob_args=1\njob_arg1=a=b=c\nqueue_tmpdir=/tmp", "[a=b=c]")]
    public async Task Arguments_are_read_with_their_line_breaks(string config, string arguments) =>
        await Assert.That(Read(config)).IsEqualTo(arguments.Replace("['", "['c'", StringComparison.Ordinal));

    [Test]
    public async Task Ten_arguments_and_more_keep_their_order()
    {
        var lines = Enumerable.Range(1, 12).Select(i => $"job_arg{i}=v{i}");
        await Assert.That(Read($"njob_args=12\n{string.Join('\n', lines)}\nqueue_tmpdir=/tmp")).IsEqualTo(string.Concat(Enumerable.Range(1, 12).Select(i => $"[v{i}]")));
    }

    [Test]
    [Arguments("")]
    [Arguments("njob_args=0\nqueue_tmpdir=/tmp")]
    [Arguments("njob_args=x\njob_arg1=a\nqueue_tmpdir=/tmp")]
    [Arguments("njob_args=-1\nqueue_tmpdir=/tmp")]
    [Arguments("njob_args=2\njob_arg1=a\nqueue_tmpdir=/tmp")]
    [Arguments("njob_args=1\njob_arg1=a")]
    [Arguments("njob_args=1\nnoise\njob_arg1=a\nqueue_tmpdir=/tmp")]
    [Arguments("job_arg1=a\nqueue_tmpdir=/tmp")]
    public async Task Arguments_that_are_not_complete_are_none(string config) => await Assert.That(Read(config)).IsNull();

    [Test]
    // Is the first argument "a\njob_arg2=b", or the second one "b\njob_arg2=c"?
    [Arguments("njob_args=2\njob_arg1=a\njob_arg2=b\njob_arg2=c\nqueue_tmpdir=/tmp")]
    // Does the last argument end at the first or at the second?
    [Arguments("njob_args=1\njob_arg1=a\nqueue_tmpdir=/x\nqueue_tmpdir=/tmp")]
    public async Task Arguments_that_cannot_be_told_apart_are_none(string config) => await Assert.That(Read(config)).IsNull();
}
