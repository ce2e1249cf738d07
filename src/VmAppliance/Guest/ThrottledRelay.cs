using System.Net;
using System.Net.Sockets;
using VmAppliance.Linux;

namespace VmAppliance.Guest;

/// <summary>
/// A loopback relay in front of a machine's sshd. SSH.NET keeps everything that arrives in memory until it is read; this relay stops
/// taking bytes from the machine while too much is unread, so that a job with a slow reader is slowed by TCP as it would be by a pipe.
/// It serves one connection, of this process.
/// </summary>
sealed class ThrottledRelay : IDisposable
{
    const int Chunk = 64 * 1024;
    const int IPPROTO_TCP = 6, TCP_QUICKACK = 12;

    // What follows later is not worth waiting for.
    static readonly TimeSpan StreamPatience = TimeSpan.FromMilliseconds(2);

    readonly IPEndPoint _target;
    readonly Func<bool> _mayTakeMore;
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly object _drained = new();
    readonly List<Socket> _sockets = [];
    volatile bool _closed;
    volatile string? _failure;

    /// <summary>Opens the relay.</summary>
    /// <param name="target">The machine's sshd.</param>
    /// <param name="mayTakeMore">Whether the reader has room.</param>
    public ThrottledRelay(IPEndPoint target, Func<bool> mayTakeMore)
    {
        (_target, _mayTakeMore) = (target, mayTakeMore);
        _listener.Start();
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        Start(Accept);
    }

    /// <summary>Where to connect instead of to the machine.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Why the machine's sshd could not be reached; null when it could. Whoever is connected to the relay only sees that end closed.</summary>
    public string? Failure => _failure;

    /// <summary>The reader has read something.</summary>
    public void Drained()
    {
        lock (_drained)
            Monitor.PulseAll(_drained);
    }

    // Everybody on the node can knock here: one connection is served, which this process makes itself, and then nobody listens any more.
    // Whoever else comes is turned away at once, by this thread.
    void Accept()
    {
        while (Next() is { } client)
            if (OwnConnection.HasOtherEnd(client))
            {
                _listener.Stop();
                Serve(Keep(client));
                return;
            }
            else
            {
                client.Close(0);
            }
    }

    // Who has left before his turn is nobody: accept(2), ECONNABORTED.
    Socket? Next()
    {
        while (!_closed)
            try
            {
                return _listener.AcceptSocket();
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionAborted)
            {
            }
        return null;
    }

    // Closed at our end: the machine's side of a connection, too, whoever waits there for more.
    Socket Keep(Socket socket)
    {
        lock (_sockets)
            _sockets.Add(socket);
        if (_closed)
            socket.Dispose();
        return socket;
    }

    void Serve(Socket client)
    {
        using (client)
        using (var guest = Keep(Connect()))
        {
            client.NoDelay = true;
            GatheringReader fromGuest = new(guest, StreamPatience), fromClient = new(client, StreamPatience);
            var isFar = !IPAddress.IsLoopback(_target.Address);
            Start(() => Pump(fromClient, guest, fromGuest, bytes => (isFar ? PatientConnection.Room(guest, bytes) : bytes), () => { }, _ => { }));
            Pump(fromGuest, client, fromClient, bytes => bytes, WaitForRoom, count =>
            {
                // Of a stream the kernel acknowledges each second packet by itself.
                if (count < GatheringReader.FullPacket)
                    Acknowledge(guest);
            });
        }
    }

    // Whoever still sends to an earlier machine at this address has the kernel ask for it, three times in three seconds: a connection
    // that comes at the end of that is told that there is no way, too. How long we insist is for the client to decide. Nor do we leave
    // such a sender behind: a connection that is closed is forgotten at once, and not offered to a machine that may be gone.
    Socket Connect()
    {
        while (true)
        {
            var guest = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
            try
            {
                PatientConnection.Prepare(guest);
                guest.Connect(_target);
                _failure = null;
                return guest;
            }
            catch (SocketException e)
            {
                guest.Dispose();
                _failure = e.Message;
                if (_closed || e.SocketErrorCode != SocketError.HostUnreachable)
                    throw;
            }
        }
    }

    void WaitForRoom()
    {
        lock (_drained)
            while (!_closed && !_mayTakeMore())
                Monitor.Wait(_drained);
    }

    // sshd lets the second of two small packets wait until the first is acknowledged, and our kernel lets that wait for an answer to go with it,
    // 40 ms long: tcp(7), TCP_QUICKACK. It forgets.
    static void Acknowledge(Socket guest) => guest.SetRawSocketOption(IPPROTO_TCP, TCP_QUICKACK, [1, 0, 0, 0]);

    static void Pump(GatheringReader from, Socket to, GatheringReader back, Func<int, int> room, Action before, Action<int> after)
    {
        var buffer = new byte[Chunk];
        while (true)
        {
            before();
            var count = from.Receive(buffer);
            if (count == 0)
                break;
            back.Answered();
            for (int sent = 0, part; sent < count; sent += part)
                part = to.Send(buffer.AsSpan(sent, room(count - sent)));
            after(count);
        }
        to.Shutdown(SocketShutdown.Send);
    }

    // A closed socket is how these threads learn that it is over.
    static void Start(Action work) => new Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException or LinuxException)
        {
        }
    }) { IsBackground = true }.Start();

    public void Dispose()
    {
        _closed = true;
        _listener.Stop();
        lock (_sockets)
            _sockets.ForEach(socket => socket.Dispose());
        Drained();
    }
}
