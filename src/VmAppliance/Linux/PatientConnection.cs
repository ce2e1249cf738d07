using System.Net.Sockets;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>
/// A TCP connection that outlasts a peer who stands still, for as long as that may be. The kernel gives up whoever does not acknowledge what
/// was sent, after tcp_retries2 attempts: some 15 minutes, tcp(7).
/// </summary>
static unsafe class PatientConnection
{
    const int TCP_INFO = 11, TCP_USER_TIMEOUT = 18; // linux/tcp.h
    const int SIOCOUTQ = 0x5411; // linux/sockios.h
    const int ProbeSeconds = 10;

    static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    // struct tcp_info, linux/tcp.h: tcpi_snd_wnd (Linux 5.4) is its last member here.
    const int WindowOffset = 228, InfoBytes = WindowOffset + sizeof(uint);

    /// <summary>
    /// Sets it up, before it connects. TCP_USER_TIMEOUT takes the place of the attempts for what was sent; it has no "never", but 24 days. Nor do
    /// keepalive's probes give up then, which find out that a peer takes something again.
    /// </summary>
    public static void Prepare(Socket connection)
    {
        connection.SetRawSocketOption((int)SocketOptionLevel.Tcp, TCP_USER_TIMEOUT, BitConverter.GetBytes(int.MaxValue));
        connection.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        connection.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, ProbeSeconds);
        connection.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProbeSeconds);
    }

    /// <summary>
    /// Waits until the peer takes something. To a peer who takes nothing, what waits to be sent is offered tcp_retries2 times, whatever else is
    /// set (tcp_probe_timer of Linux): so nothing may wait there.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="wanted">How much there is to be sent, in bytes.</param>
    /// <returns>How much of it the peer takes now.</returns>
    /// <exception cref="SocketException">It broke.</exception>
    /// <exception cref="LinuxException">It is closed.</exception>
    public static int Room(Socket connection, int wanted)
    {
        long room;
        // The kernel has no event for it, but for the connection's end.
        while ((room = Window(connection) - Unacknowledged(connection)) <= 0)
            if (connection.Poll(BetweenLooks, SelectMode.SelectError))
                throw new SocketException((int)SocketError.ConnectionReset);
        return (int)Math.Min(room, wanted);
    }

    static long Window(Socket connection)
    {
        var info = stackalloc byte[InfoBytes];
        socklen_t size = InfoBytes;
        Errno.Check(getsockopt(Descriptor.Of(connection), IPPROTO_TCP, TCP_INFO, info, &size), "getsockopt", "TCP_INFO");
        return (uint)size < InfoBytes ? long.MaxValue : *(uint*)(info + WindowOffset);
    }

    // SIOCOUTQ, tcp(7).
    static int Unacknowledged(Socket connection)
    {
        int bytes;
        Errno.Check(ioctl(Descriptor.Of(connection), SIOCOUTQ, &bytes), "ioctl", "SIOCOUTQ");
        return bytes;
    }
}
