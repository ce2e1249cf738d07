using System.Net;
using System.Net.Sockets;

namespace VmAppliance.Guest;

/// <summary>
/// A loopback relay in front of a machine's sshd. SSH.NET keeps everything that arrives in memory until it is read; this relay stops
/// taking bytes from the machine while too much is unread, so that a job with a slow reader is slowed by TCP as it would be by a pipe.
/// </summary>
sealed class ThrottledRelay : IDisposable
{
    const int Chunk = 64 * 1024;

    readonly IPEndPoint _target;
    readonly Func<bool> _mayTakeMore;
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly object _drained = new();
    volatile bool _closed;
    volatile string? _failure;

    /// <summary>Opens the relay.</summary>
    /// <param name="target">The machine's sshd.</param>
    /// <param name="mayTakeMore">Whether the reader has room.</param>
    public ThrottledRelay(IPEndPoint target, Func<bool> mayTakeMore)
    {
        (_target, _mayTakeMore) = (target, mayTakeMore);
        _listener.Start();
        Start(Accept);
    }

    /// <summary>Where to connect instead of to the machine.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Why the machine's sshd could not be reached; null when it could. Whoever is connected to the relay only sees that end closed.</summary>
    public string? Failure => _failure;

    /// <summary>The reader has read something.</summary>
    public void Drained()
    {
        lock (_drained)
            Monitor.PulseAll(_drained);
    }

    // Whoever connects is relayed: it reaches nothing that it could not reach without the relay, and cannot take our place.
    void Accept()
    {
        while (!_closed)
        {
            var client = _listener.AcceptSocket();
            Start(() => Serve(client));
        }
    }

    void Serve(Socket client)
    {
        using (client)
        using (var guest = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            client.NoDelay = true;
            Connect(guest);
            Start(() => Pump(client, guest, () => { }));
            Pump(guest, client, WaitForRoom);
        }
    }

    void Connect(Socket guest)
    {
        try
        {
            guest.Connect(_target);
        }
        catch (SocketException e)
        {
            _failure = e.Message;
            throw;
        }
    }

    void WaitForRoom()
    {
        lock (_drained)
            while (!_closed && !_mayTakeMore())
                Monitor.Wait(_drained);
    }

    static void Pump(Socket from, Socket to, Action before)
    {
        var buffer = new byte[Chunk];
        while (true)
        {
            before();
            var count = from.Receive(buffer);
            if (count == 0)
                break;
            to.Send(buffer.AsSpan(0, count));
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
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }) { IsBackground = true }.Start();

    public void Dispose()
    {
        _closed = true;
        _listener.Stop();
        Drained();
    }
}
