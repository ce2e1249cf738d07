using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class GatheringReaderTests : IDisposable
{
    readonly Socket _sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly Socket _receiver;
    readonly byte[] _buffer = new byte[2 * GatheringReader.Piece];

    public GatheringReaderTests()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _sender.Connect(listener.LocalEndpoint);
        _receiver = listener.AcceptSocket();
    }

    GatheringReader Reader(TimeSpan patience) => new(_receiver, patience);

    void Send(int count) => _sender.Send(new byte[count]);

    [Test]
    public async Task A_single_packet_is_there_at_once()
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        Send(1);
        await Assert.That(reader.Receive(_buffer)).IsEqualTo(1);
        Send(GatheringReader.FullPacket - 1);
        await Assert.That(reader.Receive(_buffer)).IsEqualTo(GatheringReader.FullPacket - 1);
        Send(GatheringReader.FullPacket);
        await Assert.That(reader.Receive(_buffer)).IsEqualTo(GatheringReader.FullPacket);
    }

    [Test]
    public async Task Of_a_stream_many_packets_come_together()
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        Send(GatheringReader.FullPacket);
        reader.Receive(_buffer);
        Send(1);
        var gathered = Task.Run(() => reader.Receive(_buffer));
        for (var sent = 1; sent < GatheringReader.Piece; sent += GatheringReader.FullPacket)
            Send(GatheringReader.FullPacket);
        await Assert.That(await gathered).IsGreaterThanOrEqualTo(GatheringReader.Piece);
    }

    [Test]
    public async Task The_last_packet_of_a_stream_waits_only_so_long()
    {
        const int Patience = 20;
        var reader = Reader(TimeSpan.FromMilliseconds(Patience));
        Send(GatheringReader.FullPacket);
        reader.Receive(_buffer);
        Send(3);
        var started = Stopwatch.GetTimestamp();
        await Assert.That(reader.Receive(_buffer)).IsEqualTo(3);
        await Assert.That(Stopwatch.GetElapsedTime(started).TotalMilliseconds).IsGreaterThan(Patience / 2.0);
    }

    [Test]
    public async Task The_end_of_a_stream_is_seen_at_once()
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        Send(GatheringReader.FullPacket);
        reader.Receive(_buffer);
        Send(3);
        _sender.Shutdown(SocketShutdown.Send);
        await Assert.That((reader.Receive(_buffer), reader.Receive(_buffer))).IsEqualTo((3, 0));
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }
}
