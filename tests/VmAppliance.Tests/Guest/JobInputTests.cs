using System.Net.Sockets;
using Renci.SshNet.Common;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class JobInputTests
{
    /// <summary>An end of a connection that takes so many bytes, and then is no more.</summary>
    sealed class Lost(int after, Exception failure) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > after)
                throw failure;
            base.Write(buffer, offset, count);
        }
    }

    /// <summary>What SSH.NET throws when a connection ends below it, as seen.</summary>
    public static IEnumerable<Func<Exception>> Ends() =>
    [
        () => new SocketException((int)SocketError.ConnectionReset), () => new SshConnectionException("Client not connected."),
        () => new ObjectDisposedException("channel"), () => new IOException("closed"),
    ];

    [Test]
    [MethodDataSource(nameof(Ends))]
    public async Task A_connection_that_ends_first_ends_it_and_nothing_else(Exception end)
    {
        using var to = new Lost(after: Described().Length + 3, end);
        Pass([1, 2, 3, 4, 5], to);
        await Assert.That(to.ToArray()[Described().Length..]).IsEquivalentTo(new[] { OutputMark.Go });
    }

    static readonly JobSpec s_spec = JobSpec.Shell("true");

    static byte[] Described()
    {
        var description = new MemoryStream();
        s_spec.Write(description);
        return description.ToArray();
    }

    static void Pass(byte[] input, Stream to) => JobInput.Pass(s_spec, [], new MemoryStream(input), to, Task.CompletedTask);

    // Whatever a file's length: no more of it than a piece is in memory.
    [Test]
    [Arguments(0)]
    [Arguments(1)]
    [Arguments(64 * 1024)]
    [Arguments((64 * 1024 * 3) + 5)]
    public async Task A_file_arrives_in_pieces(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        var (way, arrived) = (new MemoryStream(), new MemoryStream());
        StagedContent.Write(new MemoryStream(content), way);
        way.Position = 0;
        byte[] Read(int count)
        {
            var bytes = new byte[count];
            way.ReadExactly(bytes);
            return bytes;
        }
        StagedContent.Read(Read, piece => arrived.Write(piece));
        await Assert.That(arrived.ToArray().AsSpan().SequenceEqual(content)).IsTrue();
        await Assert.That(way.Position).IsEqualTo(way.Length);
    }

    [Test]
    [Arguments(-1)]
    [Arguments((64 * 1024) + 1)]
    [Arguments(int.MaxValue)]
    public async Task A_piece_without_bounds_is_refused(int length) =>
        await Assert.That(() => StagedContent.Read(_ => BitConverter.GetBytes(length), _ => { })).Throws<InvalidDataException>();

    [Test]
    public async Task The_launchers_byte_goes_before_the_jobs()
    {
        var to = new MemoryStream();
        Pass([1, 2, 3], to);
        await Assert.That(to.ToArray()[Described().Length..]).IsEquivalentTo(new byte[] { OutputMark.Go, 1, 2, 3 });
        await Assert.That(to.CanWrite).IsFalse();
    }
}
