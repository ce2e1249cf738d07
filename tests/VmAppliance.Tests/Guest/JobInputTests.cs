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
        using var to = new Lost(after: 3, end);
        JobInput.Pass(new MemoryStream([1, 2, 3, 4, 5]), to, Task.CompletedTask);
        await Assert.That(to.ToArray()).IsEquivalentTo(new[] { OutputMark.Go });
    }

    [Test]
    public async Task The_launchers_byte_goes_before_the_jobs()
    {
        var to = new MemoryStream();
        JobInput.Pass(new MemoryStream([1, 2, 3]), to, Task.CompletedTask);
        await Assert.That(to.ToArray()).IsEquivalentTo(new byte[] { OutputMark.Go, 1, 2, 3 });
        await Assert.That(to.CanWrite).IsFalse();
    }
}
