using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>One message to a socket with a path: unix(7). The framework's sockets would start a thread of their own for it.</summary>
static unsafe class Datagram
{
    // struct sockaddr_un: two bytes of family, then the path.
    const int PathOffset = 2, LongestPath = 107;

    /// <summary>Sends it, if that can be done at once.</summary>
    /// <param name="path">The receiver's absolute path.</param>
    /// <param name="message">The whole message.</param>
    /// <returns>False when nobody listens, or the receiver cannot keep up.</returns>
    public static bool TrySend(string path, ReadOnlySpan<byte> message)
    {
        var name = Encoding.UTF8.GetBytes(path);
        if (name.Length > LongestPath)
            return false;
        var address = stackalloc byte[PathOffset + LongestPath + 1];
        new Span<byte>(address, PathOffset + LongestPath + 1).Clear();
        *(sa_family_t*)address = AF_UNIX;
        name.CopyTo(new Span<byte>(address + PathOffset, LongestPath));
        using var socket = new Descriptor(Errno.Check(Tmds.Linux.LibC.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket", path));
        fixed (byte* start = message)
            return sendto(socket.Number, start, message.Length, MSG_NOSIGNAL, (sockaddr*)address, PathOffset + name.Length + 1) == message.Length;
    }
}
