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

    // So much that nobody would send it who waits for an answer.
    void Prove(GatheringReader reader)
    {
        for (var sent = 0; sent < GatheringReader.Proof; sent += GatheringReader.FullPacket)
        {
            Send(GatheringReader.FullPacket);
            reader.Receive(_buffer);
        }
    }

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
        Prove(reader);
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
        Prove(reader);
        Send(3);
        var started = Stopwatch.GetTimestamp();
        await Assert.That(reader.Receive(_buffer)).IsEqualTo(3);
        await Assert.That(Stopwatch.GetElapsedTime(started).TotalMilliseconds).IsGreaterThan(Patience / 2.0);
    }

    // In a minute of patience each wait would be seen: whoever is answered waits for nothing, however long the talk and whatever the messages' size.
    [Test]
    [Arguments(GatheringReader.FullPacket, 1000)]
    [Arguments(GatheringReader.Proof / 2, 20)]
    public async Task Who_sends_a_message_and_awaits_an_answer_never_waits_for_a_piece(int message, int times)
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        var talk = Task.Run(() =>
        {
            for (var turn = 0; turn < times; turn++)
            {
                Send(message);
                for (var received = 0; received < message;)
                    received += reader.Receive(_buffer);
                reader.Answered();
            }
        });
        await Assert.That(async () => await talk.WaitAsync(TimeSpan.FromSeconds(30))).ThrowsNothing();
    }

    // An ssh client says once in 2 MiB that it has room. So a stream is gathered but for the first 128 KiB of each 4 MiB: 3 in 100.
    [Test]
    public async Task One_word_in_two_MiB_is_no_answer()
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        Prove(reader);
        reader.Answered();
        Send(1);
        var gathered = Task.Run(() => reader.Receive(_buffer));
        for (var sent = 1; sent < GatheringReader.Piece; sent += GatheringReader.FullPacket)
            Send(GatheringReader.FullPacket);
        await Assert.That(await gathered).IsGreaterThanOrEqualTo(GatheringReader.Piece);
    }

    [Test]
    public async Task The_end_of_a_stream_is_seen_at_once()
    {
        var reader = Reader(TimeSpan.FromMinutes(1));
        Prove(reader);
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
