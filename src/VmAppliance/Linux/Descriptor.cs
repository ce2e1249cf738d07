using System.Net.Sockets;
using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>An open file descriptor, closed once.</summary>
sealed unsafe class Descriptor(int fd) : IDisposable
{
    const int AllSeals = Native.F_SEAL_SEAL | Native.F_SEAL_SHRINK | Native.F_SEAL_GROW | Native.F_SEAL_WRITE;

    int _fd = fd;

    /// <summary>The number; -1 once closed.</summary>
    public int Number => _fd;

    /// <summary>open(2) with O_CLOEXEC.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="flags">How.</param>
    /// <param name="mode">Permission bits of a new file, not reduced by the umask.</param>
    /// <exception cref="LinuxException">The file cannot be opened.</exception>
    public static Descriptor Open(string path, OpenMode flags, int mode = 0) => Open(Encoding.UTF8.GetBytes(path), flags, mode);

    /// <summary>open(2) with O_CLOEXEC, of a name that need not be text.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="flags">How.</param>
    /// <param name="mode">Permission bits of a new file, not reduced by the umask.</param>
    /// <exception cref="LinuxException">The file cannot be opened.</exception>
    public static Descriptor Open(byte[] path, OpenMode flags, int mode = 0)
    {
        using var memory = new NativeStrings();
        return new Descriptor(Errno.Check(open(memory.Add(path), (int)flags | O_CLOEXEC, (ushort)mode), "open", Encoding.UTF8.GetString(path)));
    }

    /// <summary>A pipe: what is written to <c>Write</c> is read from <c>Read</c>.</summary>
    public static (Descriptor Read, Descriptor Write) Pipe()
    {
        var ends = stackalloc int[2];
        Errno.Check(pipe2(ends, O_CLOEXEC), "pipe2", "");
        return (new Descriptor(ends[0]), new Descriptor(ends[1]));
    }

    /// <summary>Memory with a name, at most <paramref name="size"/> bytes: writes beyond it fail (F_SEAL_GROW).</summary>
    public static Descriptor Memory(string name, long size)
    {
        using var memory = new NativeStrings();
        // MFD_CLOEXEC | MFD_ALLOW_SEALING (linux/memfd.h)
        var fd = new Descriptor(Errno.Check(memfd_create(memory.Add(name), 1 | 2), "memfd_create", name));
        Errno.Check(ftruncate(fd.Number, size), "ftruncate", name);
        Errno.Check(fcntl(fd.Number, Native.F_ADD_SEALS, Native.F_SEAL_SHRINK | Native.F_SEAL_GROW), "fcntl", name);
        return fd;
    }

    /// <summary>Lets nobody write to it any more, whatever rights he has: not through this descriptor, nor any other of the same memory.</summary>
    public void SealMemory() => Errno.Check(fcntl(Number, Native.F_ADD_SEALS, Native.F_SEAL_SEAL | Native.F_SEAL_WRITE), "fcntl", $"descriptor {Number}");

    /// <summary>Whether it is memory that nobody can write to or resize any more.</summary>
    public bool IsSealedMemory => fcntl(Number, Native.F_GET_SEALS) is var seals and >= 0
        && (seals & AllSeals) == AllSeals;

    /// <summary>Reads what is there, at most the buffer's length.</summary>
    /// <returns>Bytes read; 0 at the end; -1 when nothing is there yet (a non-blocking descriptor).</returns>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
            while (true)
            {
                var count = (long)read(_fd, start, buffer.Length);
                if (count >= 0)
                    return (int)count;
                if (Errno.Last == Errno.EAGAIN)
                    return -1;
                if (Errno.Last != Errno.EINTR)
                    throw new LinuxException("read", $"descriptor {_fd}", Errno.Last);
            }
    }

    /// <summary>Reads until the buffer is full or the end is reached; never a byte more.</summary>
    public int ReadFully(Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var count = Read(buffer[total..]);
            if (count <= 0)
                break;
            total += count;
        }
        return total;
    }

    /// <summary>Reads at a place, whatever was read before: pread(2).</summary>
    /// <returns>Bytes read.</returns>
    public int ReadAt(long offset, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
            return Errno.Check((long)pread(_fd, start, buffer.Length, offset), "pread", $"descriptor {_fd}");
    }

    /// <summary>Writes all bytes, waiting as long as it takes.</summary>
    public void WriteAll(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            for (var done = 0; done < bytes.Length;)
            {
                var count = (long)write(_fd, start + done, bytes.Length - done);
                if (count >= 0)
                    done += (int)count;
                else if (Errno.Last != Errno.EINTR)
                    throw new LinuxException("write", $"descriptor {_fd}", Errno.Last);
            }
    }

    /// <summary>Has it closed when this process becomes another program: FD_CLOEXEC of fcntl(2).</summary>
    public void CloseOnExec() => Errno.Check(fcntl(Number, F_SETFD, FD_CLOEXEC), "fcntl", $"descriptor {_fd}");

    /// <summary>Has the next read begin at the start of the file: lseek(2).</summary>
    public void Rewind() => Errno.Check((int)(long)lseek(Number, 0, SEEK_SET), "lseek", $"descriptor {_fd}");

    /// <summary>Has the next read begin behind all that is in the file now: lseek(2).</summary>
    public void SeekEnd() => Errno.Check((long)lseek(Number, 0, SEEK_END), "lseek", $"descriptor {_fd}");

    /// <summary>The next connection to a socket that listens: accept4(2). For who needs no more of it than to read and to write.</summary>
    /// <exception cref="LinuxException">There is no memory or no descriptor for it, or it is gone already.</exception>
    public static Descriptor Accept(Socket door)
    {
        int connection;
        while ((connection = accept4(Of(door), null, null, SOCK_CLOEXEC)) < 0)
            if (Errno.Last != Errno.EINTR)
                throw new LinuxException("accept", $"descriptor {Of(door)}", Errno.Last);
        return new Descriptor(connection);
    }

    /// <summary>The text in a file of <see cref="Memory"/>, up to its first NUL.</summary>
    public string Text()
    {
        var bytes = new byte[64 * 1024];
        using var again = Open($"/proc/self/fd/{_fd}", OpenMode.Read);
        var count = again.ReadFully(bytes);
        var end = Array.IndexOf(bytes, (byte)0, 0, count);
        return Encoding.UTF8.GetString(bytes, 0, end < 0 ? count : end);
    }

    public void Dispose()
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = close(fd);
    }

    /// <summary>Takes a socket's descriptor over. Its object is of no use any more, and must not be disposed of: it would wait for ever for its handle.</summary>
    public static Descriptor Take(Socket socket)
    {
        var descriptor = new Descriptor(Of(socket));
        socket.SafeHandle.SetHandleAsInvalid();
        return descriptor;
    }

    /// <summary>The descriptor number of a socket.</summary>
    public static int Of(Socket socket) => (int)socket.Handle;
}
