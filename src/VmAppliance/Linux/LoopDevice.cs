using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>
/// A file as a block device: linux/loop.h. The kernel takes it apart when its last user closes it, so that nothing is left
/// whoever is killed when.
/// </summary>
sealed unsafe class LoopDevice : IDisposable
{
    const string Control = "/dev/loop-control";
    const int LOOP_CTL_GET_FREE = 0x4C82, LOOP_CONFIGURE = 0x4C0A;
    const uint LO_FLAGS_READ_ONLY = 1, LO_FLAGS_AUTOCLEAR = 4, LO_FLAGS_DIRECT_IO = 16;
    const int ConfigurationBytes = 304, FlagsOffset = 60; // struct loop_config: fd, block size, struct loop_info64

    // Our own starters take turns, which take milliseconds; others do not know of that.
    static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30);

    readonly Descriptor _device;

    LoopDevice(string path, Descriptor device) => (Path, _device) = (path, device);

    /// <summary>The device.</summary>
    public string Path { get; }

    /// <summary>The descriptor that keeps it.</summary>
    public int Number => _device.Number;

    /// <summary>Makes a device of a file. It lives as long as this object or another user of it.</summary>
    /// <param name="file">The file; a symbolic link is refused.</param>
    /// <param name="readOnly">Whether nobody may write to it.</param>
    /// <exception cref="LinuxException">The kernel has no loop devices (module loop), this is not root, or (EBUSY) others were faster all the time.</exception>
    public static LoopDevice Attach(string file, bool readOnly)
    {
        var mode = readOnly ? OpenMode.Read : OpenMode.ReadWrite;
        using var source = Descriptor.Open(file, mode | OpenMode.NoFollow);
        using var control = Descriptor.Open(Control, OpenMode.ReadWrite);
        // Whoever has stopped while it was his turn holds nobody up for ever: without a turn it goes on as well, only less surely.
        using var turn = FileLock.Wait(Control, TurnPatience);
        var deadline = Deadline.In(Patience);
        while (true)
        {
            var path = $"/dev/loop{Errno.Check(ioctl(control.Number, LOOP_CTL_GET_FREE, null), "LOOP_CTL_GET_FREE", Control)}";
            var device = Descriptor.Open(path, mode);
            if (Configure(device, source, readOnly))
                return new LoopDevice(path, device);
            var error = Errno.Last;
            device.Dispose();
            // Free devices are found, not reserved: another may have been faster.
            if (error != Errno.EBUSY || deadline.Passed)
                throw new LinuxException("LOOP_CONFIGURE", path, error);
        }
    }

    // What goes to the file passes the page cache by where the file system can do that; else the kernel ignores the wish.
    static bool Configure(Descriptor device, Descriptor source, bool readOnly)
    {
        var configuration = stackalloc byte[ConfigurationBytes];
        new Span<byte>(configuration, ConfigurationBytes).Clear();
        *(int*)configuration = source.Number;
        *(uint*)(configuration + FlagsOffset) = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (readOnly ? LO_FLAGS_READ_ONLY : 0);
        return ioctl(device.Number, LOOP_CONFIGURE, configuration) == 0;
    }

    public void Dispose() => _device.Dispose();
}
