using System.Text;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class MarkedOutputTests
{
    const string Nonce = "0123ABCD";

    static readonly byte[] s_start = OutputMark.Write(Nonce, OutputMark.Started, 4711), s_end = OutputMark.Write(Nonce, OutputMark.Ended, 137);

    static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    static (MarkedOutput Output, MemoryStream Sink) Make()
    {
        var sink = new MemoryStream();
        return (new MarkedOutput(Nonce, sink), sink);
    }

    static string Text(MemoryStream sink) => Encoding.Latin1.GetString(sink.ToArray());

    // Everything that could be taken for a mark, or for the beginning of one.
    static string Awkward { get; } = $"\0\0vma \0vma 0123 \0vma {Nonce}x started 1\n\0vma\n\0vma {Nonce}\nvma {Nonce} ended 3\n\xff\xfe\r\n\0";

    [Test]
    public async Task What_is_between_the_marks_passes_wherever_the_stream_is_cut()
    {
        byte[] stream = [.. B("login banner\n"), .. s_start, .. B(Awkward), .. s_end, .. B("left-over child\n")];
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            var (output, sink) = Make();
            output.Write(stream.AsSpan(0, cut));
            output.Write(stream.AsSpan(cut));
            output.Release(TimeSpan.Zero);
            await Assert.That((Text(sink), output.Launcher, output.Status)).IsEqualTo((Awkward, 4711, 137));
        }
    }

    [Test]
    public async Task What_is_between_the_marks_passes_byte_by_byte()
    {
        var (output, sink) = Make();
        foreach (var one in s_start.Concat(B(Awkward)).Concat(s_end))
            output.Write([one]);
        await Assert.That((Text(sink), output.Launcher, output.Status)).IsEqualTo((Awkward, 4711, 137));
    }

    [Test]
    public async Task Nothing_passes_before_the_job_has_started()
    {
        var (output, sink) = Make();
        output.Write(B("Last login: never\n"));
        output.Release(TimeSpan.Zero);
        await Assert.That((Text(sink), output.Launcher, output.Status)).IsEqualTo(("", (int?)null, (int?)null));
    }

    [Test]
    public async Task Nothing_passes_after_its_end()
    {
        var (output, sink) = Make();
        output.Write([.. s_start, .. s_end, .. B("late")]);
        output.Write(B("later"));
        output.Write([.. s_start, .. B("again")]);
        output.Release(TimeSpan.Zero);
        await Assert.That((Text(sink), output.Status)).IsEqualTo(("", 137));
    }

    [Test]
    public async Task Bytes_that_cannot_become_a_mark_are_not_held_back()
    {
        var (output, sink) = Make();
        output.Write([.. s_start, .. B("prompt> ")]);
        await Assert.That(Text(sink)).IsEqualTo("prompt> ");
    }

    [Test]
    public async Task The_beginning_of_a_mark_is_held_back_and_is_the_jobs_at_the_end()
    {
        var (output, sink) = Make();
        output.Write([.. s_start, .. B("x\0vma 01")]);
        await Assert.That(Text(sink)).IsEqualTo("x");
        output.Write(B("9"));
        await Assert.That(Text(sink)).IsEqualTo("x\0vma 019");
        output.Write(B("\0vma"));
        output.Release(TimeSpan.FromMinutes(1));
        await Assert.That((Text(sink), output.Holds)).IsEqualTo(("x\0vma 019", true));
        output.Release(TimeSpan.Zero);
        await Assert.That((Text(sink), output.Status)).IsEqualTo(("x\0vma 019\0vma", (int?)null));
    }

    /// <summary>What a job's output goes to, while nobody reads there.</summary>
    sealed class Stuck : MemoryStream
    {
        public ManualResetEventSlim Reached { get; } = new();

        public ManualResetEventSlim Taken { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Reached.Set();
            Taken.Wait();
        }
    }

    [Test]
    public async Task A_machine_that_is_lost_is_not_kept_waiting_by_whoever_does_not_read()
    {
        var sink = new Stuck();
        var output = new MarkedOutput(Nonce, sink);
        var writing = Task.Run(() => output.Write([.. s_start, .. B("x")]));
        sink.Reached.Wait();
        await Task.Run(() => output.Release(TimeSpan.Zero)).WaitAsync(TimeSpan.FromSeconds(10));
        sink.Taken.Set();
        await writing;
    }

    [Test]
    public async Task The_marks_of_another_job_are_output()
    {
        var (output, sink) = Make();
        var other = OutputMark.Write("FFFFFFFF", OutputMark.Ended, 0);
        output.Write([.. s_start, .. other, .. s_end]);
        await Assert.That((Text(sink), output.Status)).IsEqualTo((Encoding.Latin1.GetString(other), 137));
    }

    [Test]
    [Arguments("ended\n")]
    [Arguments("ended x\n")]
    [Arguments("ended 99999999999999999999\n")]
    [Arguments("\n")]
    [Arguments("nonsense 0\n")]
    public async Task A_broken_mark_does_not_break_the_starter(string rest)
    {
        var (output, sink) = Make();
        output.Write([.. s_start, .. B("before"), .. OutputMark.Prefix(Nonce), .. B(rest), .. B("after"), .. s_end]);
        await Assert.That(output.Status).IsEqualTo(137);
        await Assert.That(Text(sink)).StartsWith("before").And.EndsWith("after");
    }

    [Test]
    public async Task Much_output_passes_in_one_piece()
    {
        var (output, sink) = Make();
        var much = new byte[3 << 20];
        Random.Shared.NextBytes(much);
        output.Write(s_start);
        foreach (var chunk in much.Chunk(65_536))
            output.Write(chunk);
        output.Write(s_end);
        await Assert.That(sink.ToArray().AsSpan().SequenceEqual(much)).IsTrue();
    }
}
