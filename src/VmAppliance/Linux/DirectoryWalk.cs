using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Makes directories in places where somebody else may have put something: step by step from the root, following no link.</summary>
static unsafe class DirectoryWalk
{
    const int Flags = 0x10000 /* O_DIRECTORY */ | (int)OpenMode.NoFollow;
    const ushort ForAll = 0x1ED; // 0755

    /// <summary>Makes a directory and its parents where they are missing: this process's own, for everybody to enter. What is there stays as it is.</summary>
    /// <param name="path">Absolute path, without "." and "..".</param>
    /// <exception cref="LinuxException">ELOOP or ENOTDIR: something on the way is a link, or no directory; or it cannot be made.</exception>
    public static void Make(byte[] path)
    {
        var at = Descriptor.Open("/", (OpenMode)Flags);
        try
        {
            for (int start = 1, end; start < path.Length; start = end + 1)
            {
                end = Array.IndexOf(path, (byte)'/', start) is >= 0 and var slash ? slash : path.Length;
                var next = Step(at, path[start..end], Encoding.UTF8.GetString(path, 0, end));
                at.Dispose();
                at = next;
            }
        }
        finally
        {
            at.Dispose();
        }
    }

    static Descriptor Step(Descriptor at, byte[] name, string path)
    {
        using var memory = new NativeStrings();
        var entry = memory.Add(name);
        if (mkdirat(at.Number, entry, ForAll) == 0)
        {
            var made = Open(at, entry, path);
            // The file mode creation mask may have taken something off it.
            Errno.Check(fchmod(made.Number, ForAll), "chmod", path);
            return made;
        }
        return Errno.Last == Errno.EEXIST ? Open(at, entry, path) : throw new LinuxException("mkdir", path, Errno.Last);
    }

    static Descriptor Open(Descriptor at, byte* entry, string path) =>
        new(Errno.Check(openat(at.Number, entry, Flags | O_CLOEXEC, (ushort)0), "open", path));
}
