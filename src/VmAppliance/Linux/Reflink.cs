using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Copies that share their blocks with the original: ioctl_ficlonerange(2).</summary>
static class Reflink
{
    const int FICLONE = 0x40049409; // linux/fs.h

    /// <summary>Makes a new file with the content of another.</summary>
    /// <param name="from">The original.</param>
    /// <param name="to">The copy, which must not exist.</param>
    /// <param name="mode">Permission bits of the copy.</param>
    /// <returns>False, and no file, when the file system cannot do it.</returns>
    /// <exception cref="LinuxException">One of the files cannot be opened.</exception>
    public static bool TryCopy(string from, string to, int mode)
    {
        using var source = Descriptor.Open(from, OpenMode.Read);
        using var target = Descriptor.Open(to, OpenMode.Write | OpenMode.Create | OpenMode.Exclusive, mode);
        if (ioctl(target.Number, FICLONE, source.Number) == 0)
            return true;
        File.Delete(to);
        return false;
    }
}
