using System.Net.Sockets;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>The end of what a machine wrote to its console. Nothing else keeps it: while nobody listens, the hypervisor drops it.</summary>
sealed class ConsoleTail : IDisposable
{
    const int Kept = 64 * 1024;

    readonly Descriptor? _source;
    readonly byte[] _buffer = new byte[4096];
    byte[] _tail = [];

    /// <summary>Listens.</summary>
    /// <param name="source">The console, not blocking; null when somebody else has it, then nothing is ever heard.</param>
    public ConsoleTail(Descriptor? source) => (_source, PollDescriptor) = (source, source?.Number ?? -1);

    /// <summary>Readable for poll(2) when there is more; -1 once the machine has closed it.</summary>
    public int PollDescriptor { get; private set; }

    /// <summary>Listens to a machine's console, if nobody else does; never waits.</summary>
    /// <param name="path">The console's socket.</param>
    public static ConsoleTail Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return Over(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return new ConsoleTail(null);
        }
    }

    /// <summary>Listens on a connected socket, which is this object's from now on.</summary>
    public static ConsoleTail Over(Socket socket)
    {
        socket.Blocking = false;
        return new ConsoleTail(Descriptor.Take(socket));
    }

    /// <summary>Listens to a machine's terminal; never waits.</summary>
    /// <param name="path">The terminal.</param>
    public static ConsoleTail Listen(string path)
    {
        try
        {
            return new ConsoleTail(Descriptor.Open(path, OpenMode.Read | OpenMode.NonBlocking | OpenMode.NoTerminal | OpenMode.NoFollow));
        }
        catch (LinuxException)
        {
            return new ConsoleTail(null);
        }
    }

    /// <summary>Takes in what has arrived, without waiting.</summary>
    public void Drain()
    {
        // At most this much at a time: a machine that never stops talking must not keep us here.
        for (var turns = Kept / _buffer.Length; PollDescriptor >= 0 && turns > 0; turns--)
        {
            var count = Next();
            if (count < 0)
                return;
            if (count == 0)
                PollDescriptor = -1;
            else
                _tail = [.. _tail.AsSpan(Math.Max(0, _tail.Length + count - Kept)), .. _buffer.AsSpan(0, count)];
        }
    }

    // A broken connection, and a terminal whose other side is gone (EIO), are ends like any other.
    int Next()
    {
        try
        {
            return _source!.Read(_buffer);
        }
        catch (LinuxException)
        {
            return 0;
        }
    }

    /// <summary>The text so far.</summary>
    public string Text => Encoding.UTF8.GetString(_tail);

    /// <summary>The line that tells most about an end: a kernel panic if there is one, else the last line that is neither the kernel's nor a hint of our initrd's, else the last; null when there is none.</summary>
    public string? LastWords()
    {
        var lines = Text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(l => new string([.. l.Where(c => !char.IsControl(c))])).ToList();
        return lines.FirstOrDefault(l => l.Contains("Kernel panic", StringComparison.Ordinal))
            ?? lines.LastOrDefault(l => !l.StartsWith('[') && !l.StartsWith("(hint: ", StringComparison.Ordinal)) ?? lines.LastOrDefault();
    }

    public void Dispose() => _source?.Dispose();
}
