using System.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class SparseCopyTests
{
    const int Mebibyte = 1 << 20;

    [Test]
    public async Task Data_and_holes_stay_where_they_are()
    {
        using var directory = new TempDirectory();
        using (var file = File.Create(directory["from"]))
        {
            file.Write("begin"u8);
            file.Position = 5 * Mebibyte;
            file.Write("middle"u8);
            file.SetLength(64 * Mebibyte);
        }
        SparseCopy.Run(directory["from"], directory["to"], 0x180);
        await Assert.That(Hash(directory["to"])).IsEqualTo(Hash(directory["from"]));
        await Assert.That(new FileInfo(directory["to"]).Length).IsEqualTo(64 * Mebibyte);
        await Assert.That(Blocks(directory["to"])).IsLessThanOrEqualTo(Blocks(directory["from"]) + 16);
    }

    [Test]
    [Arguments(0)]
    [Arguments(7 * Mebibyte)]
    public async Task A_file_of_holes_alone_becomes_one(long size)
    {
        using var directory = new TempDirectory();
        using (var file = File.Create(directory["from"]))
            file.SetLength(size);
        SparseCopy.Run(directory["from"], directory["to"], 0x180);
        await Assert.That(new FileInfo(directory["to"]).Length).IsEqualTo(size);
        await Assert.That(Blocks(directory["to"])).IsLessThanOrEqualTo(16);
    }

    [Test]
    public async Task Zeroes_become_holes_where_memory_is_kept()
    {
        using var directory = new TempDirectory();
        var content = new byte[8 * Mebibyte];
        content[1] = content[3 * Mebibyte] = content[^1] = 1;
        using var memory = Descriptor.Memory("vma-test-copy", content.Length);
        memory.WriteAll(content);
        SparseCopy.WithoutZeroes(memory, directory["to"], 0x180);
        await Assert.That(File.ReadAllBytes(directory["to"]).AsSpan().SequenceEqual(content)).IsTrue();
        await Assert.That(Blocks(directory["to"])).IsLessThanOrEqualTo(3 * 64);
    }

    [Test]
    public async Task What_is_there_is_not_written_over()
    {
        using var directory = new TempDirectory();
        var (from, to) = (directory.Write("from", "new"), directory.Write("to", "old"));
        await Assert.That(() => SparseCopy.Run(from, to, 0x180)).Throws<LinuxException>();
        await Assert.That(File.ReadAllText(to)).IsEqualTo("old");
    }

    static string Hash(string file) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));

    // Of 512 bytes.
    static long Blocks(string file)
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["--format", "%b", file]) { RedirectStandardOutput = true })!;
        return long.Parse(stat.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
