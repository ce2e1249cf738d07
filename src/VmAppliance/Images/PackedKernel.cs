using System.Buffers.Binary;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>
/// The ELF file that is packed in a bzImage: linux/Documentation/arch/x86/boot.rst. QEMU starts a bzImage as it is; Xen would unpack it
/// again for each domain, and knows few formats.
/// </summary>
static class PackedKernel
{
    const int SetupSectors = 0x1F1, Signature = 0x202, PayloadOffset = 0x248, PayloadLength = 0x24C, HeaderBytes = 0x250;
    const int Sector = 512, UsualSetupSectors = 4, SizeBytes = 4;
    const long Largest = 256L << 20, MostUnpacked = 2L << 30;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // All but gzip, which has it anyway, are followed by four bytes that tell the unpacked size.
    static readonly Format[] Formats =
    [
        new([0x1F, 0x8B], "gzip", 0), new([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz", SizeBytes), new([0x28, 0xB5, 0x2F, 0xFD], "zstd", SizeBytes),
        new([0x02, 0x21, 0x4C, 0x18], "lz4", SizeBytes), new("BZh"u8.ToArray(), "bzip2", SizeBytes),
    ];

    static ReadOnlySpan<byte> Elf => [0x7F, (byte)'E', (byte)'L', (byte)'F'];

    /// <summary>Unpacks a kernel; one that is not packed is copied.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="target">The file to be made, in a directory that nobody else uses.</param>
    /// <exception cref="ApplianceException">It is no such kernel, or the tool that unpacks it is missing; nothing is left.</exception>
    public static void Unpack(string kernel, string target)
    {
        if (new FileInfo(kernel).Length > Largest)
            throw Refused(kernel, $"it is larger than {Largest >> 20} MiB");
        var image = File.ReadAllBytes(kernel);
        if (image.AsSpan().StartsWith(Elf))
            File.WriteAllBytes(target, image);
        else
            Unpack(kernel, Payload(kernel, image), target);
    }

    static void Unpack(string kernel, ReadOnlySpan<byte> payload, string target)
    {
        if (Find(payload) is not { } format)
            throw Refused(kernel, "it is packed in a format that is not known here");
        try
        {
            using (var packed = Descriptor.Memory("kernel", payload.Length - format.Trailer))
            using (var file = Descriptor.Open(target, OpenMode.ReadWrite | OpenMode.Create | OpenMode.Exclusive, 0x180 /* 0600 */))
            {
                packed.WriteAll(payload[..^format.Trailer]);
                packed.Rewind();
                ForeignTool.Run("unpack kernel", [format.Tool, "-dc"], ForeignRights.None, MostUnpacked, Patience, packed, file);
                var head = new byte[Elf.Length];
                if (file.ReadAt(0, head) < head.Length || !head.AsSpan().SequenceEqual(Elf))
                    throw Refused(kernel, "what is packed in it is no ELF file");
            }
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    static Format? Find(ReadOnlySpan<byte> payload)
    {
        foreach (var format in Formats)
            if (payload.StartsWith(format.Magic))
                return format;
        return null;
    }

    static ReadOnlySpan<byte> Payload(string kernel, ReadOnlySpan<byte> image)
    {
        if (image.Length < HeaderBytes || !image.Slice(Signature, 4).SequenceEqual("HdrS"u8))
            throw Refused(kernel, "it is neither a bzImage nor an ELF file");
        var sectors = image[SetupSectors] is 0 ? UsualSetupSectors : image[SetupSectors];
        var start = ((sectors + 1L) * Sector) + BinaryPrimitives.ReadUInt32LittleEndian(image[PayloadOffset..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(image[PayloadLength..]);
        return length > SizeBytes && start + length <= image.Length ? image.Slice((int)start, (int)length) : throw Refused(kernel, "it is cut off");
    }

    static ApplianceException Refused(string kernel, string reason) => new(Blame.Usage, "unpack kernel", kernel, reason, "give the kernel of a distribution: /boot/vmlinuz-VERSION");

    sealed record Format(byte[] Magic, string Tool, int Trailer);
}
