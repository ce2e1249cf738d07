using Tmds.Linux;

namespace VmAppliance.Linux;

/// <summary>A process at the other end of a socket, as the kernel knows it: SO_PEERCRED of unix(7).</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="Uid">Its user.</param>
/// <param name="Gid">Its group.</param>
readonly record struct Peer(int Pid, int Uid, int Gid);

/// <summary>Standard input, output and error of another process, passed over a socket: SCM_RIGHTS of unix(7).</summary>
sealed record PassedStreams(Descriptor Input, Descriptor Output, Descriptor Errors) : IDisposable
{
    const int SOL_SOCKET = 1, SCM_RIGHTS = 1, SO_PEERCRED = 17, MSG_CMSG_CLOEXEC = 0x40000000;
    const int Count = 3;

    // struct cmsghdr: length (8 bytes), level, type; then the descriptors.
    const int HeaderBytes = 16, ControlBytes = HeaderBytes + (Count * sizeof(int)), SpaceBytes = 32;

    /// <summary>Who is at the other end.</summary>
    public static unsafe Peer PeerOf(Descriptor connection)
    {
        var credentials = stackalloc int[3];
        socklen_t size = 3 * sizeof(int);
        Errno.Check(LibC.getsockopt(connection.Number, SOL_SOCKET, SO_PEERCRED, credentials, &size), "getsockopt", "SO_PEERCRED");
        return new Peer(credentials[0], credentials[1], credentials[2]);
    }

    /// <summary>Waits for the three; null when something else comes, or nothing.</summary>
    public static unsafe PassedStreams? Receive(Descriptor connection)
    {
        byte data;
        var control = stackalloc long[SpaceBytes / sizeof(long)];
        iovec part = new() { iov_base = &data, iov_len = 1 };
        msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = SpaceBytes };
        if ((long)LibC.recvmsg(connection.Number, &message, MSG_CMSG_CLOEXEC) <= 0 || (uint)message.msg_controllen < HeaderBytes)
            return null;
        var header = (int*)control;
        var descriptors = header + (HeaderBytes / sizeof(int));
        if (header[2] != SOL_SOCKET || header[3] != SCM_RIGHTS)
            return null;
        var given = (int)((control[0] - HeaderBytes) / sizeof(int));
        if (control[0] == ControlBytes)
            return new PassedStreams(new Descriptor(descriptors[0]), new Descriptor(descriptors[1]), new Descriptor(descriptors[2]));
        for (var i = 0; i < given; i++)
            new Descriptor(descriptors[i]).Dispose();
        return null;
    }

    /// <summary>
    /// Makes pipes another user's: whoever opens /dev/stdin, /dev/stdout or /dev/stderr opens them anew, by their owner and mode; proc(5) under fd.
    /// </summary>
    /// <exception cref="LinuxException">This process may not.</exception>
    public void Give(int uid, int gid)
    {
        foreach (var stream in new[] { Input, Output, Errors })
            Errno.Check(LibC.fchown(stream.Number, (uint)uid, (uint)gid), "fchown", $"descriptor {stream.Number}");
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Errors.Dispose();
    }
}
