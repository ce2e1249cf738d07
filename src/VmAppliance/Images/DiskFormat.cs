using System.Text;
using VmAppliance.Diagnostics;

namespace VmAppliance.Images;

/// <summary>What somebody's disk is, by its first bytes. What is not known is refused: a converter's own guess could be led to any file of the node.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Packer">The program that packed an archive; null when it is not packed, or no archive.</param>
/// <param name="VirtualBytes">Size of the disk that a qcow2 file holds; 0 for the others.</param>
sealed record DiskFormat(DiskKind Kind, string? Packer = null, long VirtualBytes = 0)
{
    const string Operation = "import disk";
    const int TarHeader = 512, TarSum = 148, TarSumBytes = 8;

    static readonly (byte[] Magic, string Packer)[] Packers =
        [([0x1F, 0x8B], "gzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd")];

    // Formats of virtual machines; most of them can refer to other files: qemu/docs/interop, block/*.c.
    static readonly (byte[] Magic, int Offset, string Name)[] OtherDisks =
    [
        ([0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 1], 0, "qcow"), ([0x51, 0x45, 0x44, 0], 0, "qed"), ("KDMV"u8.ToArray(), 0, "vmdk"), ("COWD"u8.ToArray(), 0, "vmdk"),
        ("# Disk DescriptorFile"u8.ToArray(), 0, "vmdk"), ([0x7F, 0x10, 0xDA, 0xBE], 0x40, "vdi"), ("conectix"u8.ToArray(), 0, "vpc"),
        ("vhdxfile"u8.ToArray(), 0, "vhdx"), ("WithoutFreeSpace"u8.ToArray(), 0, "parallels"), ("WithouFreSpacExt"u8.ToArray(), 0, "parallels"),
        ("Bochs Virtual HD Image"u8.ToArray(), 0, "bochs"), ("LUKS"u8.ToArray(), 0, "luks"),
    ];

    static readonly (byte[] Magic, string Name, string Hint)[] Others =
    [
        ("0707"u8.ToArray(), "a cpio archive", RootTar), ([0xC7, 0x71], "a cpio archive", RootTar), ([0x71, 0xC7], "a cpio archive", RootTar), ("PK"u8.ToArray(), "a zip archive", RootTar),
        ("BZh"u8.ToArray(), "packed with bzip2", "unpack it first: bunzip2"), ([0x02, 0x21, 0x4C, 0x18], "packed with lz4", "unpack it first: unlz4"),
        ([0x04, 0x22, 0x4D, 0x18], "packed with lz4", "unpack it first: unlz4"), ([0x1F, 0x9D], "packed with compress", "unpack it first: gunzip"),
        ([0x5D, 0, 0], "packed with lzma", "unpack it first: unlzma"), ("LZIP"u8.ToArray(), "packed with lzip", "unpack it first: lzip -d"),
    ];

    // A disk that a machine can have its root on begins with a partition table or a file system.
    static readonly (byte[] Magic, int Offset)[] RawDisks =
    [
        ([0x55, 0xAA], 510) /* MBR, FAT, NTFS */, ("EFI PART"u8.ToArray(), 512), ("EFI PART"u8.ToArray(), 4096), ([0x53, 0xEF], 0x438) /* ext2 to ext4 */,
        ("XFSB"u8.ToArray(), 0), ("_BHRfS_M"u8.ToArray(), 0x10040), ([0x10, 0x20, 0xF5, 0xF2], 0x400) /* f2fs */, ("hsqs"u8.ToArray(), 0) /* squashfs */,
        ([0xE2, 0xE1, 0xF5, 0xE0], 0x400) /* erofs */, ("JFS1"u8.ToArray(), 0x8000), ("ReIsEr"u8.ToArray(), 0x10034), ("CD001"u8.ToArray(), 0x8001), ("LABELONE"u8.ToArray(), 512) /* LVM */,
    ];

    const string RootTar = "pack the root file system with tar";

    /// <summary>What begins with these bytes.</summary>
    /// <param name="head">The first 68 KiB, or all if there is less.</param>
    /// <param name="path">What it is called, for messages.</param>
    /// <exception cref="ApplianceException">It is nothing that can be imported, or refers to something beside itself.</exception>
    public static DiskFormat Of(ReadOnlySpan<byte> head, string path)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x51, 0x46, 0x49, 0xFB]) && head.Length > 7 && head[7] != 1)
            return new DiskFormat(DiskKind.Qcow2, VirtualBytes: Qcow2Header.Size(head, path));
        foreach (var (magic, offset, name) in OtherDisks)
            if (Has(head, magic, offset))
                throw Refused(path, $"it is a disk of the format {name}", $"make a raw or qcow2 disk of it, as a user who may read nothing else: qemu-img convert -f {name} -O qcow2 FILE FILE.qcow2");
        foreach (var (magic, packer) in Packers)
            if (head.StartsWith(magic))
                return new DiskFormat(DiskKind.Archive, packer);
        if (IsTar(head))
            return new DiskFormat(DiskKind.Archive);
        foreach (var (magic, name, hint) in Others)
            if (head.StartsWith(magic))
                throw Refused(path, $"it is {name}", hint);
        foreach (var (magic, offset) in RawDisks)
            if (Has(head, magic, offset))
                return new DiskFormat(DiskKind.Raw);
        throw Refused(path, head.IsEmpty ? "it is empty" : "no partition table and no file system is known in it",
            "give a raw disk, a qcow2 disk, or a tar archive of a root file system (plain, gzip, xz or zstd)");
    }

    static bool Has(ReadOnlySpan<byte> head, byte[] magic, int offset) => head.Length >= offset + magic.Length && head[offset..].StartsWith(magic);

    // The oldest archives have no magic, but all have the sum of their header's bytes, itself taken as blanks, in octal: tar(5).
    static bool IsTar(ReadOnlySpan<byte> head)
    {
        if (head.Length < TarHeader || head[0] == 0)
            return false;
        var field = Encoding.ASCII.GetString(head.Slice(TarSum, TarSumBytes)).Trim(' ', '\0');
        var said = 0;
        foreach (var digit in field)
            if (digit is >= '0' and <= '7')
                said = (said * 8) + (digit - '0');
            else
                return false;
        var sum = TarSumBytes * ' ';
        for (var i = 0; i < TarHeader; i++)
            sum += i is >= TarSum and < TarSum + TarSumBytes ? 0 : head[i];
        return field.Length > 0 && sum == said;
    }

    static ApplianceException Refused(string path, string reason, string hint) => new(Blame.Usage, Operation, path, reason, hint);
}

/// <summary>What can be imported.</summary>
enum DiskKind
{
    /// <summary>A disk byte for byte.</summary>
    Raw,

    /// <summary>QEMU's own format.</summary>
    Qcow2,

    /// <summary>A root file system as a tar archive.</summary>
    Archive,
}
