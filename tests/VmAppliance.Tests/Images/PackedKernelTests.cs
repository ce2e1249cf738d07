using System.Buffers.Binary;
using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

sealed class PackedKernelTests
{
    static readonly byte[] s_elf = BootImage.Elf();

    // The kernel's own build appends the unpacked size to all formats but gzip: scripts/Makefile.lib, size_append.
    static byte[] Sized(byte[] packed) => [.. packed, .. BitConverter.GetBytes(s_elf.Length)];

    static string Unpack(TempDirectory directory, byte[] kernel)
    {
        Directory.CreateDirectory(directory["image"]);
        File.WriteAllBytes(directory["vmlinuz"], kernel);
        PackedKernel.Unpack(directory["vmlinuz"], directory["image/vmlinux"]);
        return directory["image/vmlinux"];
    }

    static string Left(TempDirectory directory) => string.Join(' ', Directory.GetFileSystemEntries(directory["image"]).Select(Path.GetFileName));

    static async Task Refused(byte[] kernel, string reason)
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Unpack(directory, kernel));
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(($"unpack kernel, {directory["vmlinuz"]}: {reason}", Blame.Usage));
        await Assert.That((failure.Hint is null, Left(directory))).IsEqualTo((false, ""));
    }

    // As the kernel's own build calls them; only zstd -22 takes seconds for the same window.
    [Test]
    [Arguments("gzip", "-n -f -9")]
    [Arguments("xz", "--check=crc32 --x86 --lzma2=dict=32MiB")]
    [Arguments("zstd", "-19 --long=27")]
    [Arguments("lz4", "-l -9 -c")]
    [Arguments("bzip2", "-9")]
    public async Task A_kernel_is_unpacked_whatever_it_was_packed_with(string tool, string options)
    {
        Skip.When(CommandRunner.Find(tool) is null, $"{tool} is not installed");
        using var directory = new TempDirectory();
        var packed = BootImage.Pack(directory, s_elf, tool, options);
        var unpacked = Unpack(directory, BootImage.Around(tool == "gzip" ? packed : Sized(packed)));
        await Assert.That(File.ReadAllBytes(unpacked).AsSpan().SequenceEqual(s_elf)).IsTrue();
        await Assert.That(Left(directory)).IsEqualTo("vmlinux");
    }

    [Test]
    [Arguments((byte)0)]
    [Arguments((byte)1)]
    [Arguments((byte)255)]
    public async Task The_payload_is_found_behind_any_number_of_setup_sectors(byte sectors)
    {
        using var directory = new TempDirectory();
        var unpacked = Unpack(directory, BootImage.Around(BootImage.Pack(directory, s_elf, "gzip"), sectors));
        await Assert.That(File.ReadAllBytes(unpacked).AsSpan().SequenceEqual(s_elf)).IsTrue();
    }

    [Test]
    public async Task A_kernel_that_is_not_packed_is_copied()
    {
        using var directory = new TempDirectory();
        var unpacked = Unpack(directory, s_elf);
        await Assert.That(File.ReadAllBytes(unpacked).AsSpan().SequenceEqual(s_elf)).IsTrue();
        await Assert.That(Left(directory)).IsEqualTo("vmlinux");
    }

    [Test]
    public async Task What_is_no_kernel_is_refused()
    {
        await Refused([], "it is neither a bzImage nor an ELF file");
        await Refused("kernel"u8.ToArray(), "it is neither a bzImage nor an ELF file");
        await Refused(new byte[100_000], "it is neither a bzImage nor an ELF file");
        // Its header ends before it says where the payload is.
        await Refused(BootImage.Around([])[..0x24F], "it is neither a bzImage nor an ELF file");
    }

    [Test]
    [Arguments(0x1F1, 255u)]
    [Arguments(0x248, uint.MaxValue)]
    [Arguments(0x24C, 100_000u)]
    [Arguments(0x24C, uint.MaxValue)]
    [Arguments(0x24C, 0u)]
    [Arguments(0x24C, 4u)]
    public async Task A_payload_that_is_not_all_there_is_refused(int field, uint value)
    {
        var kernel = BootImage.Around(new byte[1000], sectors: 1);
        if (field == 0x1F1)
            kernel[field] = (byte)value;
        else
            BinaryPrimitives.WriteUInt32LittleEndian(kernel.AsSpan(field), value);
        await Refused(kernel, "it is cut off");
    }

    [Test]
    public async Task A_kernel_whose_end_is_missing_is_refused()
    {
        using var directory = new TempDirectory();
        var kernel = BootImage.Around(BootImage.Pack(directory, s_elf, "gzip"));
        await Refused(kernel[..^1000], "it is cut off");
    }

    [Test]
    public async Task A_format_that_is_not_known_is_refused()
    {
        await Refused(BootImage.Around([0x5D, 0, 0, 0, 4, .. new byte[1000]]), "it is packed in a format that is not known here");
        await Refused(BootImage.Around(new byte[1000]), "it is packed in a format that is not known here");
        await Refused(BootImage.Around([0x1F, 0, 0, 0, 0, 0]), "it is packed in a format that is not known here");
    }

    [Test]
    [Arguments("not a kernel at all")]
    [Arguments("\u007FEL")]
    [Arguments("")]
    public async Task What_is_unpacked_and_is_no_ELF_file_is_refused(string content)
    {
        using var directory = new TempDirectory();
        await Refused(BootImage.Around(BootImage.Pack(directory, System.Text.Encoding.UTF8.GetBytes(content), "gzip")), "what is packed in it is no ELF file");
    }

    [Test]
    [Arguments("gzip")]
    [Arguments("xz")]
    public async Task A_payload_that_is_damaged_is_refused_with_the_tools_reason_and_nothing_is_left(string tool)
    {
        using var directory = new TempDirectory();
        var packed = BootImage.Pack(directory, s_elf, tool);
        packed[packed.Length / 2] ^= 0xFF;
        var failure = Assert.Throws<ApplianceException>(() => Unpack(directory, BootImage.Around(tool == "gzip" ? packed : Sized(packed))));
        await Assert.That(failure.Message).StartsWith($"unpack kernel, {tool}: ");
        await Assert.That(Left(directory)).IsEqualTo("");
    }

    [Test]
    public async Task A_file_that_is_larger_than_any_kernel_is_refused_before_it_is_read()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["image"]);
        using (var file = File.Create(directory["vmlinuz"]))
            file.SetLength((256L << 20) + 1);
        var failure = Assert.Throws<ApplianceException>(() => PackedKernel.Unpack(directory["vmlinuz"], directory["image/vmlinux"]));
        await Assert.That(failure.Message).EndsWith(": it is larger than 256 MiB");
        await Assert.That(Left(directory)).IsEqualTo("");
    }
}
