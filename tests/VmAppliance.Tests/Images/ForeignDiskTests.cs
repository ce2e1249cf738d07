using VmAppliance.Processes;
using static VmAppliance.Tests.Images.ForeignDisk;

namespace VmAppliance.Tests.Images;

/// <summary>Disks that somebody made to have a file of the node copied, or that only look like a disk; qemu-img makes them.</summary>
sealed class ForeignDiskTests
{
    [Test]
    [Arguments("-F", "raw", "compat=1.1")]
    [Arguments("-F", "raw", "compat=0.10")]
    [Arguments("-F", "raw", "compat=1.1,lazy_refcounts=on")]
    public async Task A_qcow2_disk_that_lies_on_another_file_is_refused(string first, string second, string options)
    {
        using var directory = new TempDirectory();
        await IsRefused(directory, Make(directory, "-f", "qcow2", "-o", options, "-b", "DIR/secret", first, second, "DIR/disk", "1M"),
            "it needs another file below it (a backing file)");
    }

    [Test]
    [Arguments("raw:DIR/secret")]
    [Arguments("json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"DIR/secret\"}}")]
    [Arguments("nbd://localhost:10809/secret")]
    public async Task A_qcow2_disk_that_lies_on_something_that_is_no_path_is_refused(string below)
    {
        using var directory = new TempDirectory();
        await IsRefused(directory, Make(directory, "-f", "qcow2", "-u", "-b", below, "-F", "raw", "DIR/disk", "1M"), "it needs another file below it (a backing file)");
    }

    [Test]
    public async Task A_qcow2_disk_whose_data_is_in_another_file_is_refused()
    {
        using var directory = new TempDirectory();
        // qemu-img makes the data file, and empties one that is there.
        var disk = Make(directory, "-f", "qcow2", "-o", "data_file=DIR/data,data_file_raw=on", "DIR/disk", "1M");
        File.Copy(directory["secret"], directory["data"], overwrite: true);
        await IsRefused(directory, disk, "its data is in another file (an external data file)");
    }

    [Test]
    [Arguments("qed", "-b DIR/secret -F raw")]
    [Arguments("qcow", "-b DIR/secret -F raw")]
    [Arguments("qcow", "-q")]
    [Arguments("vmdk", "-b DIR/parent.vmdk -F vmdk")]
    [Arguments("vmdk", "-o subformat=monolithicFlat")]
    [Arguments("vmdk", "-o subformat=twoGbMaxExtentSparse")]
    [Arguments("vmdk", "-o subformat=streamOptimized")]
    [Arguments("vdi", "-q")]
    [Arguments("vpc", "-q")]
    [Arguments("vhdx", "-q")]
    [Arguments("parallels", "-q")]
    public async Task A_disk_of_another_format_is_refused_whatever_it_refers_to(string format, string options)
    {
        using var directory = new TempDirectory();
        CommandRunner.Require("make disk", ["qemu-img", "create", "-q", "-f", "vmdk", directory["parent.vmdk"], "1M"]);
        await IsRefused(directory, Make(directory, ["-f", format, .. options.Split(' '), "DIR/disk", "1M"]), $"it is a disk of the format {format}");
    }

    // The extent of such a descriptor can be any file: qemu/block/vmdk.c.
    [Test]
    [Arguments("FLAT \"secret\" 0")]
    [Arguments("FLAT \"nbd:localhost:10809\" 0")]
    public async Task A_descriptor_of_extents_is_refused(string extent)
    {
        using var directory = new TempDirectory();
        var text = "# Disk DescriptorFile\nversion=1\nCID=7\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 8 " + extent + "\n";
        await IsRefused(directory, directory.Write("disk", text), "it is a disk of the format vmdk");
    }

    [Test]
    [Arguments("qcow2")]
    [Arguments("raw")]
    public async Task A_disk_may_be_called_what_QEMU_would_take_for_a_protocol(string format)
    {
        foreach (var name in new[] { "nbd:localhost:10809", "json:{\"driver\":\"raw\"}", "fat:rw:etc", "-o", "a:b,c=d" })
        {
            using var directory = new TempDirectory();
            File.WriteAllBytes(directory["plain"], RawDisk.Bytes(1 << 20));
            CommandRunner.Require("make disk", ["qemu-img", "convert", "-f", "raw", "-O", format, directory["plain"], directory["made"]]);
            File.Move(directory["made"], directory[name]);
            await Assert.That(File.ReadAllBytes(Import(directory, directory[name]).Disk).AsSpan().SequenceEqual(RawDisk.Bytes(1 << 20))).IsTrue().Because(name);
        }
    }

    [Test]
    [RequiresRoot]
    [Arguments(0x180 /* 0600 */)]
    [Arguments(0x1A4 /* 0644 */)]
    public async Task A_disk_that_only_root_may_read_is_converted_by_nobody_all_the_same(int mode)
    {
        using var directory = new TempDirectory();
        File.WriteAllBytes(directory["plain"], RawDisk.Bytes(1 << 20));
        CommandRunner.Require("make disk", ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", directory["plain"], directory["disk"]]);
        File.SetUnixFileMode(directory["disk"], (UnixFileMode)mode);
        var image = Import(directory, directory["disk"]);
        await Assert.That(File.ReadAllBytes(image.Disk).AsSpan().SequenceEqual(RawDisk.Bytes(1 << 20))).IsTrue();
        await Assert.That(Linux(image.Disk)).IsEqualTo((0, 0x8124 /* a file, 0444 */));
        await Assert.That(string.Join(' ', Directory.GetFiles(image.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal))).IsEqualTo("disk.raw empty.qcow2 kernel");
    }

    static (int, int) Linux(string path) => VmAppliance.Linux.Files.Facts(path) is { } facts ? (facts.Uid, facts.Mode) : default;

    [Test]
    public async Task A_raw_disk_keeps_its_holes_and_loses_its_zeroes()
    {
        using var directory = new TempDirectory();
        using (var file = File.Create(directory["disk"]))
        {
            file.Write(RawDisk.Bytes(1 << 20));
            file.Write(new byte[4 << 20]);
            file.SetLength((64 << 20) - 100);
        }
        var image = Import(directory, directory["disk"]);
        await Assert.That(new FileInfo(image.Disk).Length).IsEqualTo(64L << 20);
        await Assert.That(long.Parse(CommandRunner.Require("measure", ["du", "--block-size=1K", image.Disk]).Split('\t')[0], null)).IsLessThan(2048);
        using var disk = File.OpenRead(image.Disk);
        var head = new byte[1 << 20];
        disk.ReadExactly(head);
        await Assert.That(head.AsSpan().SequenceEqual(RawDisk.Bytes(1 << 20))).IsTrue();
    }

    // A raw disk whose guest wrote such a header to its first sector.
    [Test]
    public async Task What_begins_like_a_qcow2_disk_with_a_reference_is_refused_though_it_has_a_partition_table()
    {
        using var directory = new TempDirectory();
        var bytes = File.ReadAllBytes(Make(directory, "-f", "qcow2", "-b", "DIR/secret", "-F", "raw", "DIR/disk", "1M"));
        (bytes[510], bytes[511]) = (0x55, 0xAA);
        File.WriteAllBytes(directory["disk"], bytes);
        await IsRefused(directory, directory["disk"], "it needs another file below it (a backing file)");
    }
}
