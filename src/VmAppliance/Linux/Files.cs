using System.Globalization;
using System.Text;
using Tmds.Linux;
using VmAppliance.Linux.DeviceMapper;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>What stat(2) says, as far as trust needs it.</summary>
readonly record struct FileFacts(int Uid, int Gid, int Mode, long Size)
{
    const int Directory = 0x4000, Regular = 0x8000, Link = 0xA000, Pipe = 0x1000;

    /// <summary>S_IFMT, and S_IFCHR of it.</summary>
    public const int TypeMask = 0xF000, Character = 0x2000;

    public bool IsRegular => (Mode & TypeMask) == Regular;

    public bool IsLink => (Mode & TypeMask) == Link;

    public bool IsPipe => (Mode & TypeMask) == Pipe;

    public bool IsDirectory => (Mode & TypeMask) == Directory;

    /// <summary>Whether its group or anybody else may write to it (S_IWGRP, S_IWOTH).</summary>
    public bool OthersCanWrite => (Mode & 0x12) != 0;

    /// <summary>Whether names in a directory can be changed by their owners only, like in /tmp (S_ISVTX).</summary>
    public bool IsSticky => (Mode & 0x200) != 0;
}

/// <summary>File verbs that follow no links and leave nothing half written.</summary>
static unsafe class Files
{
    /// <summary>lstat(2); null when there is nothing.</summary>
    public static FileFacts? Facts(string path)
    {
        using var memory = new NativeStrings();
        stat facts;
        if (lstat(memory.Add(path), &facts) == 0)
            return new FileFacts((int)(uint)facts.st_uid, (int)(uint)facts.st_gid, (int)(uint)facts.st_mode, (long)facts.st_size);
        return Errno.Last is Errno.ENOENT or Errno.ENOTDIR ? null : throw new LinuxException("lstat", path, Errno.Last);
    }

    /// <summary>stat(2): what is at a path, or where a link there leads to; null when there is nothing, or nothing that this process may see.</summary>
    public static FileFacts? Target(byte[] path)
    {
        using var memory = new NativeStrings();
        stat facts;
        return Tmds.Linux.LibC.stat(memory.Add(path), &facts) != 0 ? null
            : new FileFacts((int)(uint)facts.st_uid, (int)(uint)facts.st_gid, (int)(uint)facts.st_mode, (long)facts.st_size);
    }

    /// <summary>fstat(2).</summary>
    public static FileFacts Facts(Descriptor file)
    {
        stat facts;
        Errno.Check(fstat(file.Number, &facts), "fstat", $"descriptor {file.Number}");
        return new FileFacts((int)(uint)facts.st_uid, (int)(uint)facts.st_gid, (int)(uint)facts.st_mode, (long)facts.st_size);
    }

    /// <summary>Makes sure that a file that is complete outlasts a power failure, and gives it its mode: fsync(2).</summary>
    public static void Settle(string path, int mode)
    {
        using var file = Descriptor.Open(path, OpenMode.Read | OpenMode.NoFollow);
        Errno.Check(fchmod(file.Number, (ushort)mode), "chmod", path);
        Errno.Check(fsync(file.Number), "fsync", path);
    }

    /// <summary>Replaces a file as a whole: a file beside it, given its owner and mode, is renamed over it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of its content.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="uid">Owner; -1 keeps this process's.</param>
    /// <param name="gid">Group; -1 keeps this process's.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, int mode, int uid = -1, int gid = -1) =>
        Replace(Encoding.UTF8.GetBytes(path), content, mode, uid, gid);

    /// <summary>Replaces a file as a whole, as the other does; its name need not be text.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of its content.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="uid">Owner; -1 keeps this process's.</param>
    /// <param name="gid">Group; -1 keeps this process's.</param>
    public static void Replace(byte[] path, ReadOnlySpan<byte> content, int mode, int uid = -1, int gid = -1)
    {
        var bytes = content.ToArray();
        Replace(path, file => file.WriteAll(bytes), mode, uid, gid);
    }

    /// <summary>Replaces a file as a whole, as the others do; its content need not be in memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fill">Writes all of its content. If that throws, the file stays as it was.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="uid">Owner; -1 keeps this process's.</param>
    /// <param name="gid">Group; -1 keeps this process's.</param>
    public static void Replace(byte[] path, Action<Descriptor> fill, int mode, int uid = -1, int gid = -1)
    {
        using var memory = new NativeStrings();
        byte[] temporary = [.. path, .. Encoding.UTF8.GetBytes($".new{System.Environment.ProcessId}")];
        try
        {
            using (var file = Descriptor.Open(temporary, OpenMode.Write | OpenMode.Create | OpenMode.Truncate | OpenMode.NoFollow, mode))
            {
                fill(file);
                Give(file, Encoding.UTF8.GetString(temporary), mode, uid, gid);
            }
            Errno.Check(Native.rename(memory.Add(temporary), memory.Add(path)), "rename", Encoding.UTF8.GetString(path));
        }
        catch
        {
            _ = unlink(memory.Add(temporary));
            throw;
        }
    }

    /// <summary>
    /// Writes over what is in a file, whose owner and mode stay; one that is not there is made, a link is replaced. For what nobody reads yet and
    /// what nobody needs if this ends half done: no other way changes so little of the disk.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of its content.</param>
    /// <param name="mode">Permission bits of a file that is not there.</param>
    public static void WriteOver(string path, ReadOnlySpan<byte> content, int mode)
    {
        var facts = Facts(path);
        if (facts is { IsRegular: false })
        {
            Replace(path, content, mode);
            return;
        }
        using var file = Descriptor.Open(path, OpenMode.Write | OpenMode.Create | OpenMode.NoFollow, mode);
        file.WriteAll(content);
        if (facts is null)
            Errno.Check(fchmod(file.Number, (ushort)mode), "chmod", path);
        else if (facts.Value.Size > content.Length)
            Errno.Check(ftruncate(file.Number, content.Length), "ftruncate", path);
    }

    /// <summary>rename(2): whatever is at the new path is replaced.</summary>
    public static void Rename(string from, string to)
    {
        using var memory = new NativeStrings();
        Errno.Check(Native.rename(memory.Add(from), memory.Add(to)), "rename", to);
    }

    /// <summary>mkdir(2), parents included, for everybody to enter; what is there stays as it is, whatever it is.</summary>
    /// <returns>Whether it was made.</returns>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static bool MakeDirectory(string path)
    {
        using var memory = new NativeStrings();
        if (mkdir(memory.Add(path), 0x1ED /* 0755 */) == 0)
            return true;
        var error = Errno.Last;
        if (error == Errno.EEXIST)
            return false;
        if (error != Errno.ENOENT)
            throw new LinuxException("mkdir", path, error);
        Directory.CreateDirectory(path);
        return true;
    }

    /// <summary>mkdir(2), parents included, with what the file mode creation mask leaves of 0777; what is there stays as it is.</summary>
    /// <exception cref="LinuxException">It cannot be made.</exception>
    public static void MakeDirectories(byte[] path)
    {
        using var memory = new NativeStrings();
        for (var end = 1; end <= path.Length; end++)
        {
            if ((end < path.Length && path[end] != '/') || Target(path[..end]) is { IsDirectory: true })
                continue;
            // Another job of the machine may be making the same.
            if (mkdir(memory.Add(path[..end]), 0x1FF /* 0777 */) != 0 && Errno.Last != Errno.EEXIST)
                throw new LinuxException("mkdir", Encoding.UTF8.GetString(path[..end]), Errno.Last);
        }
    }

    /// <summary>Whether this process's user, the real one, may go into a directory: access(2).</summary>
    public static bool MayEnter(byte[] path)
    {
        using var memory = new NativeStrings();
        return access(memory.Add(path), X_OK) == 0;
    }

    /// <summary>A named pipe, given its owner and mode.</summary>
    public static void MakePipe(string path, int mode, int uid, int gid)
    {
        using var memory = new NativeStrings();
        Errno.Check(mkfifo(memory.Add(path), (ushort)mode), "mkfifo", path);
        Change(path, mode, uid, gid);
    }

    /// <summary>Sets owner and mode of what is at the path; a symbolic link is refused.</summary>
    public static void Change(string path, int mode, int uid, int gid)
    {
        using var memory = new NativeStrings();
        if (Facts(path) is { IsLink: true })
            throw new LinuxException("chmod", path, Errno.ELOOP);
        Errno.Check(lchown(memory.Add(path), (uint)uid, (uint)gid), "chown", path);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    /// <summary>Whether it is /dev/null, null(4); one that is closed is taken for it.</summary>
    public static bool IsNull(Descriptor file)
    {
        const ulong device = (1 << 8) | 3; // character device 1:3
        stat facts;
        return fstat(file.Number, &facts) != 0 ? Errno.Last == Errno.EBADF
            : ((uint)facts.st_mode & FileFacts.TypeMask) == FileFacts.Character && (ulong)facts.st_rdev == device;
    }

    /// <summary>What /proc/locks calls an open file: device and inode number. File systems that make devices up, as btrfs, are not told there by the same.</summary>
    public static string LockName(Descriptor file)
    {
        stat facts;
        Errno.Check(fstat(file.Number, &facts), "fstat", $"descriptor {file.Number}");
        var device = DeviceNumber.Decode((ulong)facts.st_dev);
        return string.Create(CultureInfo.InvariantCulture, $"{device.Major:x2}:{device.Minor:x2}:{(ulong)facts.st_ino}");
    }

    /// <summary>Sets a file's size in bytes; what is new of it is a hole: ftruncate(2).</summary>
    public static void SetSize(Descriptor file, long bytes) => Errno.Check(ftruncate(file.Number, bytes), "ftruncate", $"descriptor {file.Number}");

    /// <summary>Whether an open file is still the one at the path.</summary>
    public static bool IsSame(Descriptor file, string path)
    {
        using var memory = new NativeStrings();
        stat open, named;
        return fstat(file.Number, &open) == 0 && lstat(memory.Add(path), &named) == 0 && IsSame(open, named);
    }

    /// <summary>Whether two descriptors are of one file; false when one is closed.</summary>
    public static bool IsSame(Descriptor file, Descriptor other)
    {
        stat one, two;
        return fstat(file.Number, &one) == 0 && fstat(other.Number, &two) == 0 && IsSame(one, two);
    }

    static bool IsSame(in stat one, in stat other) => (ulong)one.st_ino == (ulong)other.st_ino && (ulong)one.st_dev == (ulong)other.st_dev;

    static void Give(Descriptor file, string path, int mode, int uid, int gid)
    {
        Errno.Check(fchown(file.Number, (uint)uid, (uint)gid), "chown", path);
        Errno.Check(fchmod(file.Number, (ushort)mode), "chmod", path);
    }

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="limit">The most bytes to accept.</param>
    /// <exception cref="LinuxException">It cannot be read, or is larger.</exception>
    public static byte[] ReadAll(byte[] path, int limit)
    {
        using var file = Descriptor.Open(path, OpenMode.Read);
        if (Facts(file).Size > limit)
            throw new LinuxException("read", Encoding.UTF8.GetString(path), Errno.EFBIG);
        var content = new byte[Facts(file).Size];
        return content[..file.ReadFully(content)];
    }

    /// <summary>Reads a file whole if it is a regular file and not a link.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="limit">The most bytes to accept.</param>
    /// <param name="facts">Whose it is and who may write it, of the very file that was read.</param>
    /// <exception cref="LinuxException">It cannot be opened, is no regular file, or is larger.</exception>
    public static byte[] ReadNoFollow(string path, int limit, out FileFacts facts)
    {
        using var file = Descriptor.Open(path, OpenMode.Read | OpenMode.NoFollow | OpenMode.NonBlocking);
        facts = Facts(file);
        if (!facts.IsRegular || facts.Size > limit)
            throw new LinuxException("read", path, facts.IsRegular ? Errno.EFBIG : Errno.EINVAL);
        var content = new byte[facts.Size];
        return content[..file.ReadFully(content)];
    }
}
