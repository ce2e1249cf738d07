using VmAppliance.Diagnostics;
using VmAppliance.Processes;
using static VmAppliance.Tests.Images.ForeignDisk;

namespace VmAppliance.Tests.Images;

/// <summary>What is taken for a disk, for an archive, and for neither.</summary>
sealed class DiskLookTests
{
    [Test]
    public async Task A_directory_is_refused()
    {
        using var directory = new TempDirectory();
        await IsRefused(directory, Directory.CreateDirectory(directory["disk"]).FullName, "it is a directory");
    }

    [Test]
    public async Task A_pipe_is_refused_and_not_waited_for()
    {
        using var directory = new TempDirectory();
        CommandRunner.Require("make pipe", ["mkfifo", directory["disk"]]);
        await IsRefused(directory, directory["disk"], "it is neither a file nor a block device");
    }

    [Test]
    [Arguments("", "it is empty")]
    [Arguments("qemu-img", "no partition table and no file system is known in it")]
    [Arguments("070701 and so on", "it is a cpio archive")]
    [Arguments("070707 and so on", "it is a cpio archive")]
    [Arguments("BZh91AY&SY", "it is packed with bzip2")]
    [Arguments("PK\u0003\u0004", "it is a zip archive")]
    public async Task What_is_no_disk_is_refused(string content, string reason)
    {
        using var directory = new TempDirectory();
        await IsRefused(directory, directory.Write("disk", content), reason);
    }

    [Test]
    public async Task Zeroes_and_noise_are_no_disk()
    {
        using var directory = new TempDirectory();
        File.WriteAllBytes(directory["disk"], new byte[1 << 20]);
        await IsRefused(directory, directory["disk"], "no partition table and no file system is known in it");
        File.WriteAllBytes(directory["disk"], [.. Enumerable.Repeat((byte)0xA5, 1 << 20)]);
        await IsRefused(directory, directory["disk"], "no partition table and no file system is known in it");
    }

    [Test]
    [Arguments(510, "55AA")]
    [Arguments(0x438, "53EF")]
    [Arguments(0, "58465342")]
    [Arguments(0x10040, "5F42485266535F4D")]
    [Arguments(512, "4546492050415254")]
    [Arguments(4096, "4546492050415254")]
    public async Task A_partition_table_or_a_file_system_makes_it_a_disk(int offset, string signature)
    {
        using var directory = new TempDirectory();
        var bytes = new byte[128 << 10];
        Convert.FromHexString(signature).CopyTo(bytes, offset);
        File.WriteAllBytes(directory["disk"], bytes);
        await Assert.That(File.ReadAllBytes(Import(directory, directory["disk"]).Disk).AsSpan().SequenceEqual(bytes)).IsTrue();
    }

    [Test]
    [Arguments("--format=v7")]
    [Arguments("--format=gnu")]
    [Arguments("--format=posix")]
    public async Task Archives_of_all_ages_are_known(string format)
    {
        using var directory = new TempDirectory();
        var image = Import(directory, Tar.Write(directory, format));
        await Assert.That(CommandRunner.Require("read file", ["debugfs", "-R", "cat /etc/marker", image.Disk])).IsEqualTo("from the archive");
    }

    [Test]
    [Arguments(null)]
    [Arguments("--zstd")]
    public async Task Names_may_be_any_bytes_and_nothing_of_the_archive_is_left_beside_the_image(string? compress)
    {
        using var directory = new TempDirectory();
        // Latin-1: no name of these can be had by way of a text.
        Shell(directory, @"mkdir -p ""root/$(printf 'd\351p\364t')/below""; echo found >""root/$(printf 'd\351p\364t/caf\351')""; ln -s ""$(printf '\377')"" ""root/$(printf '\376')""");
        var archive = Tar.Write(directory, compress);
        Shell(directory, "rm -r root");
        var image = Import(directory, archive);
        var listing = Shell(directory, $@"export LC_ALL=C; debugfs -R ""cat /$(printf 'd\351p\364t/caf\351')"" {image.Disk}; debugfs -R 'ls -p /' {image.Disk} | grep -c ""$(printf '/\376/')""");
        await Assert.That(listing).IsEqualTo("found\n1\n");
        await Assert.That(string.Join(' ', Directory.GetFileSystemEntries(image.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal))).IsEqualTo("disk.raw empty.qcow2 kernel");
    }

    [Test]
    public async Task An_import_of_such_names_that_fails_leaves_nothing()
    {
        using var directory = new TempDirectory();
        Shell(directory, @"mkdir -p root; echo found >""root/$(printf 'caf\351')""; head -c 3000000 /dev/urandom >root/z");
        var archive = Tar.Write(directory, "--sort=name");
        Shell(directory, "rm -r root");
        using (var file = File.OpenWrite(archive))
            file.SetLength(1 << 20);
        Assert.Throws<ApplianceException>(() => Import(directory, archive));
        await Assert.That(string.Join(' ', Directory.GetFileSystemEntries(directory["state/images"]).Select(Path.GetFileName))).IsEqualTo("lock");
    }

    static string Shell(TempDirectory directory, string script) => CommandRunner.Require("make files", ["sh", "-e", "-c", $"cd {directory.Path}; {script}"]);
}
