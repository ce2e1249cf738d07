using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>
/// Turns what an administrator has (raw, qcow2, tar) into a raw disk: a sparse file or a block device. Its bytes come from elsewhere: root
/// itself only copies them and reads a header, and follows nothing that they refer to. Who understands more of them is nobody.
/// </summary>
sealed class DiskConversion : IDisposable
{
    const int ReadOnlyByOwner = 0x100, OwnerOnly = 0x180; // 0400, 0600
    const int Sector = 512;

    readonly DiskSource _source;
    readonly TimeSpan _patience;
    readonly string _directory;
    readonly RootTree? _tree;

    /// <summary>Looks at the source; an archive is unpacked.</summary>
    /// <param name="source">What the administrator has.</param>
    /// <param name="size">Size in bytes of the disk made from an archive; null lets it follow from the content.</param>
    /// <param name="patience">How long each tool may take.</param>
    /// <param name="directory">A directory of root's own: an archive is unpacked in it.</param>
    /// <exception cref="ApplianceException">The source cannot be read or imported, or a tool failed.</exception>
    public DiskConversion(string source, long? size, TimeSpan patience, string directory)
    {
        (_patience, _directory, _source) = (patience, directory, DiskSource.Open(source));
        try
        {
            if (_source.Format.Kind == DiskKind.Archive)
                _tree = new RootTree($"{directory}/tree", _source, patience);
            Bytes = _source.Format.Kind switch
            {
                DiskKind.Archive => size ?? _tree!.Needed(),
                DiskKind.Qcow2 => _source.Format.VirtualBytes,
                _ => (_source.FileBytes + Sector - 1) / Sector * Sector,
            };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Size of the disk.</summary>
    public long Bytes { get; }

    /// <summary>Writes the disk.</summary>
    /// <param name="target">A path where nothing is yet.</param>
    public void WriteFile(string target)
    {
        if (_source.Format.Kind == DiskKind.Raw)
        {
            SparseCopy.WithoutZeroes(_source.Opened, Bytes, target, OwnerOnly);
            return;
        }
        using var disk = Descriptor.Open(target, OpenMode.ReadWrite | OpenMode.Create | OpenMode.Exclusive, OwnerOnly);
        Files.SetSize(disk, Bytes);
        Files.Change(target, OwnerOnly, ForeignTool.User, -1);
        Fill(disk, isNew: true);
        Files.Change(target, OwnerOnly, Host.EffectiveUser, -1);
    }

    /// <summary>Writes the disk over a block device of at least its size.</summary>
    public void WriteOver(string device)
    {
        if (_source.Format.Kind == DiskKind.Raw)
        {
            SparseCopy.Over($"/proc/self/fd/{_source.Opened.Number}", device);
            return;
        }
        using var disk = BlockDevice.OpenFor(ForeignTool.User, device);
        Fill(disk, isNew: false);
    }

    // The tool opens what it has as descriptor 3 or 4 anew, by a name that QEMU cannot take for a protocol.
    void Fill(Descriptor disk, bool isNew)
    {
        if (_tree is not null)
        {
            _tree.MakeFileSystem(disk, Bytes);
            return;
        }
        using var source = Readable();
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        const string image = """json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"/proc/self/fd/3"}}""";
        ForeignTool.Run("convert disk", ["qemu-img", "convert", "-n", .. isNew ? ["--target-is-zero"] : Array.Empty<string>(), "-O", "raw", image, "/proc/self/fd/4"],
            ForeignRights.None, Bytes, _patience, nothing, nothing, source, disk);
    }

    // Nobody cannot open what is its owner's alone.
    Descriptor Readable()
    {
        if (_source.IsReadableByAll)
            return Descriptor.Open($"/proc/self/fd/{_source.Opened.Number}", OpenMode.Read);
        var copy = $"{_directory}/source";
        SparseCopy.WithoutZeroes(_source.Opened, _source.FileBytes, copy, ReadOnlyByOwner);
        Files.Change(copy, ReadOnlyByOwner, ForeignTool.User, -1);
        var opened = Descriptor.Open(copy, OpenMode.Read);
        File.Delete(copy);
        return opened;
    }

    public void Dispose()
    {
        _tree?.Dispose();
        _source.Dispose();
    }
}
