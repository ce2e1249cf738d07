using System.Net.Sockets;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>The end of what a machine wrote to its console. Nothing else keeps it: while nobody listens, the hypervisor drops it.</summary>
sealed class ConsoleTail : IDisposable
{
    const int Kept = 64 * 1024;

    readonly Socket? _socket;
    readonly byte[] _buffer = new byte[4096];
    byte[] _tail = [];

    /// <summary>Listens on a connected socket.</summary>
    /// <param name="socket">The console; null when somebody else has it, then nothing is ever heard.</param>
    public ConsoleTail(Socket? socket)
    {
        _socket = socket;
        PollDescriptor = socket is null ? -1 : Descriptor.Of(socket);
        if (socket is not null)
            socket.Blocking = false;
    }

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
            return new ConsoleTail(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return new ConsoleTail(null);
        }
    }

    /// <summary>Takes in what has arrived, without waiting.</summary>
    public void Drain()
    {
        // At most this much at a time: a machine that never stops talking must not keep us here.
        for (var turns = Kept / _buffer.Length; PollDescriptor >= 0 && turns > 0; turns--)
        {
            var count = _socket!.Receive(_buffer, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
                return;
            if (error != SocketError.Success || count == 0)
                PollDescriptor = -1;
            else
                _tail = [.. _tail.AsSpan(Math.Max(0, _tail.Length + count - Kept)), .. _buffer.AsSpan(0, count)];
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

    public void Dispose() => _socket?.Dispose();
}
