using System.Globalization;
using System.Text.Json;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>Turns what an administrator has (raw, qcow2, tar) into a raw disk: a sparse file or a block device.</summary>
sealed class DiskConversion : IDisposable
{
    const long Room = 512L << 20;
    const int TarMagicOffset = 257;

    static readonly (byte[] Magic, int Offset)[] Archives =
        [("ustar"u8.ToArray(), TarMagicOffset), ([0x1F, 0x8B], 0), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0), ([0x28, 0xB5, 0x2F, 0xFD], 0)];

    readonly string _source;
    readonly TimeSpan _patience;
    readonly string? _tree;

    /// <summary>Looks at the source; an archive is unpacked.</summary>
    /// <param name="source">What the administrator has.</param>
    /// <param name="size">Size in bytes of the disk made from an archive; null lets it follow from the content.</param>
    /// <param name="patience">How long each tool may take.</param>
    /// <param name="directory">Where an archive is unpacked.</param>
    /// <exception cref="ApplianceException">The source cannot be read, or a tool failed.</exception>
    public DiskConversion(string source, long? size, TimeSpan patience, string directory)
    {
        (_source, _patience) = (source, patience);
        if (IsArchive())
            try
            {
                _tree = $"{directory}/tree";
                Unpack(_tree);
                Bytes = size ?? Needed(_tree);
            }
            catch
            {
                Dispose();
                throw;
            }
        else
            Bytes = VirtualSize();
    }

    /// <summary>Size of the disk.</summary>
    public long Bytes { get; }

    /// <summary>Writes the disk.</summary>
    /// <param name="target">A path where nothing is yet.</param>
    public void WriteFile(string target)
    {
        if (_tree is null)
        {
            CommandRunner.Require("convert disk", ["qemu-img", "convert", "-O", "raw", _source, target], _patience);
            return;
        }
        using (var disk = File.Create(target))
            disk.SetLength(Bytes);
        MakeFileSystem(_tree, target);
    }

    /// <summary>Writes the disk over a block device of at least its size.</summary>
    public void WriteOver(string device)
    {
        if (_tree is null)
            CommandRunner.Require("convert disk", ["qemu-img", "convert", "-n", "-O", "raw", _source, device], _patience);
        else
            MakeFileSystem(_tree, device);
    }

    bool IsArchive()
    {
        var head = new byte[TarMagicOffset + 8];
        using var file = File.OpenRead(_source);
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Archives.Any(a => a.Offset + a.Magic.Length <= count && head.AsSpan(a.Offset).StartsWith(a.Magic));
    }

    void Unpack(string tree)
    {
        Directory.CreateDirectory(tree);
        CommandRunner.Require("unpack archive", ["tar", "--extract", "--numeric-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*",
            "--file", _source, "--directory", tree], _patience);
        RefreshAgent(tree);
    }

    // Lazy initialisation would make every job's machine write to its disk in the background.
    void MakeFileSystem(string tree, string target) => CommandRunner.Require("make file system",
        ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", "-L", "root", "-d", tree, target], _patience);

    long VirtualSize()
    {
        var text = CommandRunner.Require("look at disk", ["qemu-img", "info", "--output=json", _source], _patience);
        using var info = JsonDocument.Parse(text);
        return info.RootElement.GetProperty("virtual-size").GetInt64();
    }

    public void Dispose()
    {
        if (_tree is not null && Directory.Exists(_tree))
            Directory.Delete(_tree, recursive: true);
    }

    // Node and guest speak one language when they are one binary. An archive without an agent is somebody's own image and stays as it is.
    static void RefreshAgent(string tree)
    {
        const string agent = "usr/bin/vmappliance";
        var isPlain = Files.Facts($"{tree}/usr") is { IsDirectory: true } && Files.Facts($"{tree}/usr/bin") is { IsDirectory: true };
        if (!isPlain || Files.Facts($"{tree}/{agent}") is not { IsRegular: true })
            return;
        File.Delete($"{tree}/{agent}");
        File.Copy(Host.Executable, $"{tree}/{agent}");
        File.SetUnixFileMode($"{tree}/{agent}", (UnixFileMode)0x1ED /* 0755 */);
    }

    long Needed(string tree)
    {
        var kib = CommandRunner.Require("measure archive", ["du", "--summarize", "--block-size=1K", tree], _patience).Split('\t')[0];
        return (long.Parse(kib, CultureInfo.InvariantCulture) * 1024 * 5 / 4) + Room;
    }
}
