using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux.DeviceMapper;

/// <summary>The node of a mapped device in /dev/mapper. udev makes a link there of its own accord; where it does not run, or is late, the node is made here.</summary>
static unsafe class DmNode
{
    const int BlockDevice = 0x6000, RootOnly = 0x180; // S_IFBLK, 0600

    /// <summary>Sees to it that the path leads to the device.</summary>
    /// <exception cref="LinuxException">The node cannot be made.</exception>
    public static void Make(DmDevice device, DeviceNumber number)
    {
        if (Linux.BlockDevice.NumberOf(device.Path) == number)
            return;
        // Beside it and renamed: nobody ever finds the path empty, or leading to the device that had the number before.
        var temporary = $"{device.Path}.new{Environment.ProcessId}";
        MakeNode(temporary, number);
        File.Move(temporary, device.Path, overwrite: true);
    }

    /// <summary>Makes a node of a block device, for root only, where nothing is yet.</summary>
    /// <exception cref="LinuxException">It cannot be made.</exception>
    public static void MakeNode(string path, DeviceNumber number)
    {
        using var memory = new NativeStrings();
        // Not the C library's: a static program links another one than Tmds.LibC calls.
        Errno.Check(syscall(SYS_mknod, (nint)memory.Add(path), BlockDevice | RootOnly, (long)number.Encoded, 0), "mknod", path);
    }

    /// <summary>Removes a node of a device that is gone; udev may have been faster.</summary>
    public static void Remove(DmDevice device) => File.Delete(device.Path);
}
