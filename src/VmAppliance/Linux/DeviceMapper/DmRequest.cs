using System.Runtime.InteropServices;
using System.Text;
using static VmAppliance.Linux.DeviceMapper.DmIoctl;

namespace VmAppliance.Linux.DeviceMapper;

/// <summary>One request to the device-mapper and, in the same memory, its answer: a head and what follows it.</summary>
sealed unsafe class DmRequest : IDisposable
{
    // Large, so that an answer seldom needs a second try with more.
    const int Usual = 16 * 1024, Largest = 4 << 20;
    const int Alignment = 8;

    byte* _memory;

    /// <summary>A request with nothing behind its head.</summary>
    public DmRequest()
    {
        Size = Usual;
        _memory = (byte*)NativeMemory.AllocZeroed(Usual);
        // 4.0 has everything but messages; a kernel takes any minor version up to its own.
        Head->version[0] = 4;
        Head->data_size = Usual;
        Head->data_start = (uint)sizeof(dm_ioctl);
    }

    /// <summary>Bytes of the memory.</summary>
    public int Size { get; private set; }

    /// <summary>The head.</summary>
    public dm_ioctl* Head => (dm_ioctl*)_memory;

    /// <summary>What is behind the head.</summary>
    public byte* Data => _memory + Head->data_start;

    /// <summary>Sets the name of the device.</summary>
    public void Name(string name) => Put(Head->name, name, DM_NAME_LEN);

    /// <summary>Sets the uuid of the device.</summary>
    public void Uuid(string uuid) => Put(Head->uuid, uuid, DM_UUID_LEN);

    /// <summary>Adds a table of one target.</summary>
    public void Table(DmTarget target)
    {
        var line = (dm_target_spec*)Data;
        line->length = target.Sectors;
        Put(line->target_type, target.Kind, DM_MAX_TYPE_NAME);
        var length = Text(sizeof(dm_target_spec), target.Parameters);
        line->next = (uint)((sizeof(dm_target_spec) + length + Alignment - 1) / Alignment * Alignment);
        Head->target_count = 1;
    }

    /// <summary>Adds a message for sector 0.</summary>
    public void Message(string text)
    {
        // Messages came with 4.2.
        Head->version[1] = 2;
        Text(MessageText, text);
    }

    /// <summary>Text at an offset of the answer's data, up to its NUL.</summary>
    public string TextAt(long offset) => Marshal.PtrToStringUTF8((nint)(Data + offset)) ?? "";

    /// <summary>The name in the answer.</summary>
    public string AnsweredName => Marshal.PtrToStringUTF8((nint)Head->name) ?? "";

    /// <summary>The uuid in the answer.</summary>
    public string AnsweredUuid => Marshal.PtrToStringUTF8((nint)Head->uuid) ?? "";

    /// <summary>Makes room for a larger answer to the same request, which has nothing behind its head.</summary>
    /// <param name="sent">The head as it was sent.</param>
    /// <returns>False when the answer would be beyond reason.</returns>
    public bool Grow(dm_ioctl sent)
    {
        if (Size >= Largest)
            return false;
        Size *= 2;
        _memory = (byte*)NativeMemory.Realloc(_memory, (nuint)Size);
        *Head = sent;
        Head->data_size = (uint)Size;
        return true;
    }

    int Text(int offset, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, Size - sizeof(dm_ioctl) - offset - Alignment);
        bytes.CopyTo(new Span<byte>(Data + offset, bytes.Length));
        return bytes.Length + 1;
    }

    static void Put(byte* field, string text, int length)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bytes.Length, length);
        bytes.CopyTo(new Span<byte>(field, length));
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
