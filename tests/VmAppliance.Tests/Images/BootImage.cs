using System.Buffers.Binary;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

/// <summary>A kernel as distributions pack it, made by the boot protocol: linux/Documentation/arch/x86/boot.rst.</summary>
static class BootImage
{
    const int Sector = 512, Signature = 0x202, PayloadOffset = 0x248, PayloadLength = 0x24C;

    // What unpacks the payload in a real one: its length is of no importance here.
    const int Stub = 700;

    /// <summary>What looks like a kernel that is not packed; it does not shrink much.</summary>
    public static byte[] Elf(int length = 300_000)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        "\u007FELF"u8.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Packs some bytes with a tool that puts its result beside what it is given.</summary>
    public static byte[] Pack(TempDirectory directory, byte[] content, params string[] command)
    {
        var (plain, packed) = (directory["plain"], directory["packed"]);
        File.WriteAllBytes(plain, content);
        // Only a shell's redirection is a way that all of them know.
        CommandRunner.Require("pack kernel", ["sh", "-c", $"exec {string.Join(' ', command)} <{plain} >{packed}"]);
        var bytes = File.ReadAllBytes(packed);
        File.Delete(plain);
        File.Delete(packed);
        return bytes;
    }

    /// <summary>Puts a payload into an image.</summary>
    /// <param name="payload">All of it, the four bytes of its unpacked size included where its format needs them.</param>
    /// <param name="sectors">Setup sectors as the header says it; 0 means 4.</param>
    public static byte[] Around(ReadOnlySpan<byte> payload, byte sectors = 27)
    {
        var start = ((sectors is 0 ? 4 : sectors) + 1) * Sector;
        var image = new byte[start + Stub + payload.Length + Sector];
        image[0x1F1] = sectors;
        "HdrS"u8.CopyTo(image.AsSpan(Signature));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(PayloadOffset), Stub);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(PayloadLength), (uint)payload.Length);
        payload.CopyTo(image.AsSpan(start + Stub));
        return image;
    }
}
