using Tmds.Linux;
using VmAppliance.Linux.DeviceMapper;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Block devices: their numbers, sizes and what can be thrown away of them. linux/fs.h.</summary>
static unsafe class BlockDevice
{
    const uint BLKGETSIZE64 = 0x80081272, BLKDISCARD = 0x1277, BLKROGET = 0x125E;
    const int TypeMask = 0xF000, Block = 0x6000;

    /// <summary>The number of the block device that a path leads to; null when there is none.</summary>
    public static DeviceNumber? NumberOf(string path)
    {
        using var memory = new NativeStrings();
        stat facts;
        return stat(memory.Add(path), &facts) == 0 && ((uint)facts.st_mode & TypeMask) == Block ? DeviceNumber.Decode((ulong)facts.st_rdev) : null;
    }

    /// <summary>Size of a device in bytes.</summary>
    /// <exception cref="LinuxException">It cannot be opened, or is no block device.</exception>
    public static long Size(string path)
    {
        using var device = Descriptor.Open(path, OpenMode.Read);
        ulong size;
        Errno.Check(ioctl(device.Number, unchecked((int)BLKGETSIZE64), &size), "BLKGETSIZE64", path);
        return (long)size;
    }

    /// <summary>Whether the kernel refuses to write to a device.</summary>
    /// <exception cref="LinuxException">It cannot be opened, or is no block device.</exception>
    public static bool IsReadOnly(string path)
    {
        using var device = Descriptor.Open(path, OpenMode.Read);
        int readOnly;
        Errno.Check(ioctl(device.Number, (int)BLKROGET, &readOnly), "BLKROGET", path);
        return readOnly != 0;
    }

    /// <summary>Tells a device that nothing on it is needed any more.</summary>
    /// <returns>False when the device cannot do that.</returns>
    /// <exception cref="LinuxException">It cannot be opened, or failed.</exception>
    public static bool Discard(string path)
    {
        var range = stackalloc ulong[2];
        (range[0], range[1]) = (0, (ulong)Size(path));
        using var device = Descriptor.Open(path, OpenMode.ReadWrite);
        if (ioctl(device.Number, (int)BLKDISCARD, range) == 0)
            return true;
        return Errno.Last == Errno.EOPNOTSUPP ? false : throw new LinuxException("BLKDISCARD", path, Errno.Last);
    }

    /// <summary>Opens a device in such a way that another user can open it anew through /proc/PID/fd, as long as this is open.</summary>
    /// <param name="uid">The user.</param>
    /// <param name="path">The device.</param>
    /// <exception cref="LinuxException">It is no block device, or this is not root.</exception>
    public static Descriptor OpenFor(int uid, string path)
    {
        var number = NumberOf(path) ?? throw new LinuxException("open", path, Errno.ENOTBLK);
        // Beside the other devices: elsewhere a file system may be mounted without devices. It has its name for a moment only.
        var node = $"/dev/.vmappliance-{Environment.ProcessId}";
        DmNode.MakeNode(node, number);
        try
        {
            Files.Change(node, 0x180 /* 0600 */, uid, -1);
            return Descriptor.Open(node, OpenMode.ReadWrite);
        }
        finally
        {
            File.Delete(node);
        }
    }

    /// <summary>Overwrites the beginning of a device with zeros.</summary>
    public static void ZeroHead(string path, int bytes)
    {
        using var device = Descriptor.Open(path, OpenMode.Write);
        device.WriteAll(new byte[bytes]);
        Errno.Check(fsync(device.Number), "fsync", path);
    }
}
