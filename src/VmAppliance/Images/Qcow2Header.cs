using System.Buffers.Binary;
using System.Globalization;
using VmAppliance.Diagnostics;

namespace VmAppliance.Images;

/// <summary>The header of a qcow2 disk: qemu/docs/interop/qcow2.txt. All numbers are big endian.</summary>
static class Qcow2Header
{
    const int Version = 4, BackingOffset = 8, BackingSize = 16, VirtualSize = 24, Encryption = 32, Incompatible = 72;
    const int OldBytes = 72, NewBytes = 104;
    const ulong DataFileBit = 4;

    // Dirty, corrupt, a data file, compression, extended L2.
    const ulong KnownBits = 1 | 2 | DataFileBit | 8 | 16;

    const int Sector = 512;

    /// <summary>Size in bytes of the disk in it.</summary>
    /// <exception cref="ApplianceException">It is cut off, not known, encrypted, or refers to another file.</exception>
    public static long Size(ReadOnlySpan<byte> head, string path)
    {
        var version = head.Length >= OldBytes ? BinaryPrimitives.ReadUInt32BigEndian(head[Version..]) : 0;
        if (version == 0 || (version >= 3 && head.Length < NewBytes))
            throw Refused(path, "its header is cut off", "fetch or copy it again");
        if (version > 3)
            throw Refused(path, string.Create(CultureInfo.InvariantCulture, $"it is a qcow2 disk of version {version}, which is not known here"), "qemu-img convert -f qcow2 -O raw");
        if (Long(head, BackingOffset) != 0 || BinaryPrimitives.ReadUInt32BigEndian(head[BackingSize..]) != 0)
            throw Refused(path, "it needs another file below it (a backing file)", "make one disk of both, as a user who may read nothing else: qemu-img convert -O qcow2");
        if (BinaryPrimitives.ReadUInt32BigEndian(head[Encryption..]) != 0)
            throw Refused(path, "it is encrypted", "make one of it that is not");
        var features = version >= 3 ? Long(head, Incompatible) : 0;
        if ((features & DataFileBit) != 0)
            throw Refused(path, "its data is in another file (an external data file)", "make one disk of both, as a user who may read nothing else: qemu-img convert -O qcow2");
        if ((features & ~KnownBits) != 0)
            throw Refused(path, "it has features that are not known here", "qemu-img convert -f qcow2 -O raw");
        var size = Long(head, VirtualSize) & ~(ulong)(Sector - 1);
        return size is > 0 and <= long.MaxValue ? (long)size : throw Refused(path, "it says that it holds no disk", "fetch or copy it again");
    }

    static ulong Long(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt64BigEndian(head[offset..]);

    static ApplianceException Refused(string path, string reason, string hint) => new(Blame.Usage, "import disk", path, reason, hint);
}
