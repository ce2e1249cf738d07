using Tmds.Linux;

namespace VmAppliance.Linux;

/// <summary>An open file, passed to another process over a socket: SCM_RIGHTS of unix(7).</summary>
static class PassedFile
{
    const int SOL_SOCKET = 1, SCM_RIGHTS = 1, MSG_NOSIGNAL = 0x4000;

    // struct cmsghdr: length (8 bytes), level, type; then the descriptor, and what aligns the whole to 8 bytes.
    const int HeaderBytes = 16, ControlBytes = HeaderBytes + sizeof(int), SpaceBytes = 24;

    /// <summary>Sends data, and with its first byte a descriptor; the other end has a copy of that then.</summary>
    /// <param name="socket">A connected socket of AF_UNIX that waits.</param>
    /// <param name="data">One byte or more.</param>
    /// <param name="file">The descriptor.</param>
    /// <exception cref="LinuxException">Nobody is there any more.</exception>
    public static unsafe void Send(int socket, ReadOnlySpan<byte> data, Descriptor file)
    {
        var control = stackalloc int[SpaceBytes / sizeof(int)];
        *(long*)control = ControlBytes;
        (control[2], control[3], control[4], control[5]) = (SOL_SOCKET, SCM_RIGHTS, file.Number, 0);
        // The kernel reads the data before this returns.
        fixed (byte* first = data)
        {
            iovec part = new() { iov_base = first, iov_len = data.Length };
            msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = SpaceBytes };
            Errno.Check((long)LibC.sendmsg(socket, &message, MSG_NOSIGNAL), "sendmsg", "SCM_RIGHTS");
        }
    }
}
