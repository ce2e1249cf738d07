using System.Buffers.Binary;
using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>
/// Xen's tree of names and values, through the kernel's door to it: xen/io/xs_wire.h. Each message is a header of four
/// words (type, request, transaction, length) and a text; all that is needed here is to read a value, and to wait for one.
/// </summary>
sealed class Xenstore : IDisposable
{
    const string Door = "/dev/xen/xenbus";
    const int HeaderBytes = 16, LargestMessage = 4096;
    const uint Read = 2, Watch = 4, WatchEvent = 15, Error = 16;

    readonly Descriptor _door;
    readonly Deadline _deadline;

    /// <summary>Opens it.</summary>
    /// <param name="deadline">When to give up: nobody answers when xenstored is dead.</param>
    /// <exception cref="ApplianceException">This is no domain of Xen's, or not root.</exception>
    public Xenstore(Deadline deadline)
    {
        _deadline = deadline;
        try
        {
            _door = Descriptor.Open(Door, OpenMode.ReadWrite);
        }
        catch (LinuxException e)
        {
            throw new ApplianceException(Blame.Node, "open xenstore", Door, e.Reason, "is this node booted under Xen, as its dom0?", e);
        }
    }

    /// <summary>The value at a path; null when there is none.</summary>
    /// <exception cref="ApplianceException">Nobody answers in time.</exception>
    public string? Value(string path)
    {
        Send(Read, $"{path}\0");
        while (true)
        {
            // What a watch says comes in between, and its "OK" even after its first event.
            var (type, text) = Next();
            if (type is Read or Error)
                return type == Error ? null : text;
        }
    }

    /// <summary>Waits until there is a value at a path that is not empty.</summary>
    /// <param name="path">The path.</param>
    /// <param name="end">A descriptor that becomes readable when nobody will write it any more.</param>
    /// <returns>The value; null when the other descriptor was readable first.</returns>
    /// <exception cref="ApplianceException">There is none in time.</exception>
    public string? Await(string path, int end)
    {
        // A watch fires once at its beginning, then at each change.
        Send(Watch, $"{path}\0{path}\0");
        while (true)
            switch (Poll.Readable(_deadline, _door.Number, end))
            {
                case 0 when Next().Type is WatchEvent && Value(path) is { Length: > 0 } value:
                    return value;
                case 0:
                    break;
                case 1:
                    return null;
                default:
                    throw new ApplianceException(Blame.Node, "open console", path, "nobody makes a terminal for it", "is xenconsoled running? see: systemctl status xenconsoled");
            }
    }

    void Send(uint type, string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        var message = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, type);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(HeaderBytes - sizeof(int)), payload.Length);
        payload.CopyTo(message, HeaderBytes);
        _door.WriteAll(message);
    }

    (uint Type, string Text) Next()
    {
        var header = Take(HeaderBytes);
        var length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(HeaderBytes - sizeof(int)));
        if (length is < 0 or > LargestMessage)
            throw new ApplianceException(Blame.Node, "ask xenstore", Door, "it does not speak its protocol");
        return (BinaryPrimitives.ReadUInt32LittleEndian(header), Encoding.UTF8.GetString(Take(length)).TrimEnd('\0'));
    }

    byte[] Take(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            if (Poll.Readable(_deadline, _door.Number) < 0)
                throw new ApplianceException(Blame.Node, "ask xenstore", Door, "it does not answer in time", "is xenstored running? see: systemctl status xenstored");
            var got = _door.Read(bytes.AsSpan(done));
            if (got <= 0)
                throw new ApplianceException(Blame.Node, "ask xenstore", Door, "it ended the conversation");
            done += got;
        }
        return bytes;
    }

    public void Dispose() => _door.Dispose();
}
