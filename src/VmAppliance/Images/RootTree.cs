using System.Globalization;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>A root file system unpacked from an archive, whose names may be any bytes; gone with this object.</summary>
sealed class RootTree : IDisposable
{
    // Bytes that a file system made from an archive has free, beside a quarter of its content.
    const long Room = 512L << 20;

    const int EndedBySigpipe = 128 + 13;

    readonly string _path;
    readonly TimeSpan _patience;

    /// <summary>Unpacks an archive.</summary>
    /// <param name="path">Where nothing is yet, in a directory of root's own.</param>
    /// <param name="archive">The archive.</param>
    /// <param name="patience">How long each tool may take.</param>
    /// <exception cref="ApplianceException">It is damaged, or a tool is missing; nothing is left.</exception>
    public RootTree(string path, DiskSource archive, TimeSpan patience)
    {
        (_path, _patience) = (path, patience);
        Directory.CreateDirectory(path);
        try
        {
            Unpack(archive);
            RefreshAgent();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Size in bytes of a disk that has room for it.</summary>
    public long Needed()
    {
        var kib = CommandRunner.Require("measure archive", ["du", "--summarize", "--block-size=1K", _path], _patience).Split('\t')[0];
        return (long.Parse(kib, CultureInfo.InvariantCulture) * 1024 * 5 / 4) + Room;
    }

    /// <summary>Makes a file system of it.</summary>
    /// <param name="disk">The file or device, which <see cref="ForeignTool.User"/> may open.</param>
    /// <param name="bytes">Its size.</param>
    public void MakeFileSystem(Descriptor disk, long bytes)
    {
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        // Lazy initialisation would make every job's machine write to its disk in the background.
        ForeignTool.Run("make file system", ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", "-L", "root", "-d", _path, "/proc/self/fd/3"],
            ForeignRights.ReadTree, bytes, _patience, nothing, nothing, disk);
    }

    // Who understands the packed bytes is nobody; who gives files to their owners must be root, and gets to see plain headers only.
    void Unpack(DiskSource archive)
    {
        var deadline = Deadline.In(_patience);
        string[] tar = ["tar", "--extract", "--numeric-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*", "--file", "-", "--directory", _path];
        if (archive.Format.Packer is not { } packer)
        {
            using var unpacked = ForeignTool.Start("unpack archive", tar, ForeignRights.MakeTree, long.MaxValue, archive.Opened);
            unpacked.Require(deadline);
            return;
        }
        var (read, write) = Descriptor.Pipe();
        using (read)
        using (write)
        {
            using var unpacking = ForeignTool.Start("unpack archive", [packer, "-dc"], ForeignRights.None, long.MaxValue, archive.Opened, write);
            write.Dispose();
            using var making = ForeignTool.Start("unpack archive", tar, ForeignRights.MakeTree, long.MaxValue, read);
            read.Dispose();
            var status = making.Wait(deadline);
            // Damaged bytes are the reason for whatever tar thinks of what it got; but tar need not read what follows an archive's end.
            if (unpacking.Wait(deadline) is var end and not (0 or EndedBySigpipe))
                throw unpacking.Failure(end);
            if (status != 0)
                throw making.Failure(status);
        }
    }

    // Node and guest speak one language when they are one binary. An archive without an agent is somebody's own image and stays as it is.
    void RefreshAgent()
    {
        const string agent = "usr/bin/vmappliance";
        var isPlain = Files.Facts($"{_path}/usr") is { IsDirectory: true } && Files.Facts($"{_path}/usr/bin") is { IsDirectory: true };
        if (!isPlain || Files.Facts($"{_path}/{agent}") is not { IsRegular: true })
            return;
        File.Delete($"{_path}/{agent}");
        File.Copy(Host.Executable, $"{_path}/{agent}");
        File.SetUnixFileMode($"{_path}/{agent}", (UnixFileMode)0x1ED /* 0755 */);
    }

    public void Dispose() => FileTree.Remove(_path);
}
