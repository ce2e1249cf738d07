using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Images;

/// <summary>What an administrator wants imported, opened once: what it is, is decided by its bytes and by nobody else's guess.</summary>
sealed class DiskSource : IDisposable
{
    const string Operation = "import disk";

    // Bytes. The farthest signature is that of btrfs, at 64 KiB + 64.
    const int HeadBytes = 68 << 10;

    readonly Descriptor _file;

    DiskSource(string path, Descriptor file, long bytes, DiskFormat format) => (Path, _file, FileBytes, Format) = (path, file, bytes, format);

    /// <summary>The path that was given, for messages only.</summary>
    public string Path { get; }

    /// <summary>The open file or device.</summary>
    public Descriptor Opened => _file;

    /// <summary>Size of the file or device.</summary>
    public long FileBytes { get; }

    /// <summary>What it is.</summary>
    public DiskFormat Format { get; }

    /// <summary>Whether everybody on this node may read it.</summary>
    public bool IsReadableByAll => (Files.Facts(_file).Mode & 4 /* S_IROTH */) != 0;

    /// <summary>Opens a file or a block device and looks at what is in it.</summary>
    /// <exception cref="ApplianceException">It is neither, or nothing that can be imported.</exception>
    public static DiskSource Open(string path)
    {
        if (Files.Facts(path) is { IsDirectory: true })
            throw new ApplianceException(Blame.Usage, Operation, path, "it is a directory", $"pack it: tar --numeric-owner --xattrs -C {path} -cf root.tar .");
        // A pipe would keep us waiting for somebody who writes to it.
        var file = Descriptor.Open(path, OpenMode.Read | OpenMode.NonBlocking);
        try
        {
            if (!Files.Facts(file).IsRegular && BlockDevice.NumberOf($"/proc/self/fd/{file.Number}") is null)
                throw new ApplianceException(Blame.Usage, Operation, path, "it is neither a file nor a block device", "give a disk, or a tar archive of a root file system");
            var head = new byte[HeadBytes];
            var count = file.ReadFully(head);
            var bytes = SparseCopy.End(file);
            file.Rewind();
            return new DiskSource(path, file, bytes, DiskFormat.Of(head.AsSpan(0, count), path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
