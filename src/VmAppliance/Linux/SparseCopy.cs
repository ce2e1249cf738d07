using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Copies a file without its holes: lseek(2), sendfile(2).</summary>
static unsafe class SparseCopy
{
    // Bytes. Smaller ones would find a little more, and make more pieces of the rest than that is worth.
    const int ZeroBlock = 16 * 1024;

    // linux/fs.h
    const int FromStart = 0, FromEnd = 2, NextData = 3, NextHole = 4;

    /// <summary>Copies a file to a new one.</summary>
    /// <param name="from">The file that is read.</param>
    /// <param name="to">The new file.</param>
    /// <param name="mode">Its permission bits.</param>
    public static void Run(string from, string to, int mode)
    {
        using var source = Descriptor.Open(from, OpenMode.Read);
        Run(source, to, mode);
    }

    /// <summary>Copies an open file to a new one.</summary>
    public static void Run(Descriptor from, string to, int mode)
    {
        using var target = Descriptor.Open(to, OpenMode.ReadWrite | OpenMode.Create | OpenMode.Exclusive, mode);
        Errno.Check(ftruncate(target.Number, Files.Facts(from).Size), "ftruncate", to);
        Run(from, target);
    }

    /// <summary>Copies a file or a device over the beginning of a device that is at least as large, and waits until it is there.</summary>
    public static void Over(string from, string device)
    {
        using Descriptor source = Descriptor.Open(from, OpenMode.Read), target = Descriptor.Open(device, OpenMode.ReadWrite);
        // Devices have no holes, and do not even answer when they are asked for them.
        Check(Native.lseek(target.Number, 0, FromStart), "lseek", target);
        Send(source, target, 0, Check(Native.lseek(source.Number, 0, FromEnd), "lseek", source));
        Errno.Check(fsync(target.Number), "fsync", device);
    }

    /// <summary>Size in bytes of an open file or device; the next read begins there.</summary>
    public static long End(Descriptor file) => Check(Native.lseek(file.Number, 0, FromEnd), "lseek", file);

    /// <summary>Copies memory to a new file, which gets holes where there is nothing but zeroes.</summary>
    public static void WithoutZeroes(Descriptor from, string to, int mode) => WithoutZeroes(from, Files.Facts(from).Size, to, mode);

    /// <summary>Copies a file or a device to a new file, which gets holes where there is nothing or nothing but zeroes.</summary>
    /// <param name="from">What is read.</param>
    /// <param name="size">Size in bytes of the new file; what it has more than <paramref name="from"/> is a hole.</param>
    /// <param name="to">The new file.</param>
    /// <param name="mode">Its permission bits.</param>
    public static void WithoutZeroes(Descriptor from, long size, string to, int mode)
    {
        using var target = Descriptor.Open(to, OpenMode.ReadWrite | OpenMode.Create | OpenMode.Exclusive, mode);
        Errno.Check(ftruncate(target.Number, size), "ftruncate", to);
        for (long start = 0; (start = Data(from, start)) < size;)
        {
            var end = Math.Min(Hole(from, start), size);
            CopyBlocks(from, target, start, end);
            start = end;
        }
    }

    static void CopyBlocks(Descriptor from, Descriptor to, long start, long end)
    {
        var block = new byte[ZeroBlock];
        for (var offset = start; offset < end; offset += block.Length)
        {
            Check(Native.lseek(from.Number, offset, FromStart), "lseek", from);
            var part = block.AsSpan(0, from.ReadFully(block.AsSpan(0, (int)Math.Min(block.Length, end - offset))));
            if (!part.ContainsAnyExcept((byte)0))
                continue;
            Check(Native.lseek(to.Number, offset, FromStart), "lseek", to);
            to.WriteAll(part);
        }
    }

    // Behind the last data there is nothing (ENXIO); what knows no holes, as a device, is all data (EINVAL).
    static long Data(Descriptor file, long start) => Native.lseek(file.Number, start, NextData) is var data and >= 0 ? data
        : Errno.Last is Errno.ENXIO ? long.MaxValue
        : Errno.Last is Errno.EINVAL ? (start < End(file) ? start : long.MaxValue)
        : throw new LinuxException("lseek", $"descriptor {file.Number}", Errno.Last);

    static long Hole(Descriptor file, long start) => Native.lseek(file.Number, start, NextHole) is var hole and >= 0 ? hole
        : Errno.Last is Errno.EINVAL ? End(file) : throw new LinuxException("lseek", $"descriptor {file.Number}", Errno.Last);

    /// <summary>Copies all data to the same places of another file, which must be empty there.</summary>
    /// <param name="from">The file that is read.</param>
    /// <param name="to">The file that is written; its size stays, so make it as large first.</param>
    /// <returns>Bytes copied.</returns>
    public static long Run(Descriptor from, Descriptor to)
    {
        long copied = 0;
        for (long start = 0; (start = Native.lseek(from.Number, start, NextData)) >= 0;)
        {
            var end = Check(Native.lseek(from.Number, start, NextHole), "lseek", from);
            Check(Native.lseek(to.Number, start, FromStart), "lseek", to);
            copied += end - start;
            Send(from, to, start, end);
            start = end;
        }
        // No data behind the last of it.
        return Errno.Last == Errno.ENXIO ? copied : throw new LinuxException("lseek", $"descriptor {from.Number}", Errno.Last);
    }

    static void Send(Descriptor from, Descriptor to, long start, long end)
    {
        for (var offset = start; offset < end;)
            if (Check(Native.sendfile(to.Number, from.Number, &offset, (nuint)(end - offset)), "sendfile", to) == 0)
                throw new LinuxException("sendfile", $"descriptor {from.Number}", Errno.ENODATA);
    }

    static long Check(long result, string call, Descriptor file) => result >= 0 ? result : throw new LinuxException(call, $"descriptor {file.Number}", Errno.Last);
}
