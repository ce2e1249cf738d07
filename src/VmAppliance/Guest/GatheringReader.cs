using System.Diagnostics;
using System.Net.Sockets;

namespace VmAppliance.Guest;

/// <summary>
/// Receives from a connection in pieces that are worth a thread's wakening. A machine sends a stream packet by packet, and each of them would wake
/// all who pass it on, on the processors that the machine needs to make the next one.
/// </summary>
/// <param name="connection">A socket that blocks.</param>
/// <param name="patience">How long to wait for more of a stream; poll(2) counts milliseconds.</param>
sealed class GatheringReader(Socket connection, TimeSpan patience)
{
    /// <summary>Bytes. What is shorter is no packet of a stream: nobody waits for what follows it.</summary>
    public const int FullPacket = 1024;

    /// <summary>Bytes. What sshd and SSH.NET put into one message is worth passing on.</summary>
    public const int Piece = 32 * 1024;

    const int SOL_SOCKET = 1, SO_RCVLOWAT = 18;

    /// <summary>
    /// Bytes. Only who has sent so much without a pause, and without having been answered more than once, is sending a stream: whoever sends a
    /// message and awaits an answer would wait for the rest of a piece that does not come.
    /// </summary>
    public const int Proof = 128 * 1024;

    // An ssh client tells once in 2 MiB that it has room; that is no answer.
    const int Answers = 2;

    long _streamed;
    int _answers;

    /// <summary>Waits for bytes; within a stream for many of them, but not for long.</summary>
    /// <returns>How many came; 0 at the end.</returns>
    /// <exception cref="SocketException">The connection broke.</exception>
    public int Receive(Span<byte> buffer)
    {
        if (Volatile.Read(ref _answers) >= Answers)
            Restart();
        if (_streamed >= Proof)
            Gather();
        var waits = Stopwatch.GetTimestamp();
        var count = connection.Receive(buffer);
        if (count < FullPacket || Stopwatch.GetElapsedTime(waits) > patience)
            Restart();
        if (count >= FullPacket)
            _streamed += count;
        return count;
    }

    /// <summary>Something has gone the other way. Any thread may say so.</summary>
    public void Answered() => Interlocked.Increment(ref _answers);

    void Restart()
    {
        _streamed = 0;
        Interlocked.Exchange(ref _answers, 0);
    }

    // poll(2) heeds SO_RCVLOWAT for TCP, socket(7): it sleeps until there is so much, or until the end.
    void Gather()
    {
        Await(Piece);
        if (!connection.Poll(patience, SelectMode.SelectRead))
            Restart();
        Await(1);
    }

    void Await(int bytes) => connection.SetRawSocketOption(SOL_SOCKET, SO_RCVLOWAT, BitConverter.GetBytes(bytes));
}
