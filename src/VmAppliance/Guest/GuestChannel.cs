using System.Text.Json;
using VmAppliance.Linux;

namespace VmAppliance.Guest;

/// <summary>The node's end of a machine's identity port: two named pipes in the lease's directory, one JSON object per line.</summary>
sealed class GuestChannel : IDisposable
{
    const int MostReads = 64;

    readonly Descriptor _toGuest;
    readonly Descriptor _fromGuest;
    readonly LineBuffer _lines = new();

    GuestChannel(Descriptor toGuest, Descriptor fromGuest) => (_toGuest, _fromGuest) = (toGuest, fromGuest);

    /// <summary>Opens the pipes if the machine has a port.</summary>
    public static GuestChannel? TryOpen(string prefix) => File.Exists($"{prefix}.in") ? Open(prefix) : null;

    /// <summary>Readable for poll(2) when the guest has said something.</summary>
    public int PollDescriptor => _fromGuest.Number;

    /// <summary>Opens the pipes <c>PREFIX.in</c> and <c>PREFIX.out</c>; never waits for the other end.</summary>
    public static GuestChannel Open(string prefix) =>
        new(Descriptor.Open($"{prefix}.in", OpenMode.ReadWrite | OpenMode.NonBlocking), Descriptor.Open($"{prefix}.out", OpenMode.ReadWrite | OpenMode.NonBlocking));

    /// <summary>Says something to the guest; it waits in the pipe until the guest listens.</summary>
    public void Send(GuestMessage message) =>
        _toGuest.WriteAll([.. JsonSerializer.SerializeToUtf8Bytes(message, GuestJson.Default.GuestMessage), (byte)'\n']);

    /// <summary>What the guest has said since; lines that are no message are skipped.</summary>
    public IEnumerable<GuestMessage> Receive()
    {
        var buffer = new byte[4096];
        // At most this much at a time: a guest that never stops talking must not keep us here.
        for (int count, turns = MostReads; turns > 0 && (count = _fromGuest.Read(buffer)) > 0; turns--)
            _lines.Add(buffer.AsSpan(0, count));
        while (_lines.Next() is { } line)
            if (Parse(line) is { } message)
                yield return message;
    }

    /// <summary>A line as a message; null when it is none.</summary>
    public static GuestMessage? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, GuestJson.Default.GuestMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _toGuest.Dispose();
        _fromGuest.Dispose();
    }
}
