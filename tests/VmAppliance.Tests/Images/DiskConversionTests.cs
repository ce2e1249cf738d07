using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

sealed class DiskConversionTests
{
    const int Ext4Magic = 0x438;

    static string Convert(TempDirectory directory, string source)
    {
        Directory.CreateDirectory(directory["work"]);
        using var conversion = new DiskConversion(source, 8 << 20, TimeSpan.FromSeconds(30), directory["work"]);
        conversion.WriteFile(directory["disk.raw"]);
        return directory["disk.raw"];
    }

    static bool IsExt4(string disk) => File.ReadAllBytes(disk) is var bytes && bytes.Length > Ext4Magic + 1 && bytes[Ext4Magic] == 0x53 && bytes[Ext4Magic + 1] == 0xEF;

    [Test]
    [Arguments(null)]
    [Arguments("--gzip")]
    [Arguments("--xz")]
    [Arguments("--zstd")]
    public async Task An_archive_becomes_a_file_system_with_its_files(string? compress)
    {
        using var directory = new TempDirectory();
        var disk = Convert(directory, Tar.Write(directory, compress));
        await Assert.That((IsExt4(disk), new FileInfo(disk).Length)).IsEqualTo((true, 8L << 20));
        await Assert.That(CommandRunner.Require("read file", ["debugfs", "-R", "cat /etc/marker", disk])).IsEqualTo("from the archive");
        await Assert.That(Directory.Exists(disk + ".tree")).IsFalse();
    }

    [Test]
    [Arguments(0)]
    [Arguments(100)]
    [Arguments(1000)]
    public async Task A_raw_disk_that_only_mentions_an_archive_stays_a_disk(int offset)
    {
        using var directory = new TempDirectory();
        var bytes = new byte[64 * 1024];
        "ustar"u8.CopyTo(bytes.AsSpan(offset));
        (bytes[510], bytes[511]) = (0x55, 0xAA);
        File.WriteAllBytes(directory["source"], bytes);
        await Assert.That(File.ReadAllBytes(Convert(directory, directory["source"])).AsSpan().SequenceEqual(bytes)).IsTrue();
    }

    [Test]
    public async Task A_qcow2_disk_becomes_a_raw_one()
    {
        using var directory = new TempDirectory();
        CommandRunner.Require("make disk", ["qemu-img", "create", "-q", "-f", "qcow2", directory["source"], "3M"]);
        await Assert.That(new FileInfo(Convert(directory, directory["source"])).Length).IsEqualTo(3L << 20);
    }

    [Test]
    public async Task A_damaged_archive_is_a_failure_and_leaves_no_tree()
    {
        using var directory = new TempDirectory();
        File.WriteAllBytes(directory["source"], [0x1F, 0x8B, 1, 2, 3]);
        await Assert.That(Assert.Throws<ApplianceException>(() => Convert(directory, directory["source"])).Message).StartsWith("unpack archive, gzip: ");
        await Assert.That(directory.Names()).DoesNotContain("tree");
    }
}
