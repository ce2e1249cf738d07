using System.Globalization;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>Turns what an administrator has (raw, qcow2, tar) into a sparse raw disk.</summary>
sealed class DiskConversion(string source, long? size, TimeSpan patience)
{
    const long Room = 512L << 20;
    const int TarMagicOffset = 257;

    static readonly (byte[] Magic, int Offset)[] Archives =
        [("ustar"u8.ToArray(), TarMagicOffset), ([0x1F, 0x8B], 0), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0), ([0x28, 0xB5, 0x2F, 0xFD], 0)];

    /// <summary>Writes the disk.</summary>
    /// <param name="target">A path where nothing is yet.</param>
    /// <exception cref="ApplianceException">The source cannot be read, or a tool failed.</exception>
    public void WriteRaw(string target)
    {
        if (IsArchive())
            FromArchive(target);
        else
            CommandRunner.Require("convert disk", ["qemu-img", "convert", "-O", "raw", source, target], patience);
    }

    bool IsArchive()
    {
        var head = new byte[TarMagicOffset + 8];
        using var file = File.OpenRead(source);
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Archives.Any(a => a.Offset + a.Magic.Length <= count && head.AsSpan(a.Offset).StartsWith(a.Magic));
    }

    void FromArchive(string target)
    {
        var tree = $"{target}.tree";
        Directory.CreateDirectory(tree);
        try
        {
            CommandRunner.Require("unpack archive", ["tar", "--extract", "--numeric-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*",
                "--file", source, "--directory", tree], patience);
            RefreshAgent(tree);
            using (var disk = File.Create(target))
                disk.SetLength(size ?? Needed(tree));
            // Lazy initialisation would make every job's machine write to its disk in the background.
            CommandRunner.Require("make file system", ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard",
                "-L", "root", "-d", tree, target], patience);
        }
        finally
        {
            Directory.Delete(tree, recursive: true);
        }
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
        var kib = CommandRunner.Require("measure archive", ["du", "--summarize", "--block-size=1K", tree], patience).Split('\t')[0];
        return (long.Parse(kib, CultureInfo.InvariantCulture) * 1024 * 5 / 4) + Room;
    }
}
