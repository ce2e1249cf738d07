using System.Security.Cryptography;
using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

sealed class ImageImportTests
{
    static ImportRequest Request(TempDirectory directory, string name = "demo", byte fill = 7)
    {
        File.WriteAllBytes(directory["disk"], RawDisk.Bytes(1 << 20, fill));
        return new ImportRequest(name, directory["disk"], directory.Write("vmlinuz", "kernel"), null, "quiet", null);
    }

    static Image Import(TempDirectory directory, ImportRequest request, bool mustUnpack = false) => new ImageImport(new Catalogue(directory["state"]), mustUnpack).Run(request);

    [Test]
    public async Task A_raw_disk_becomes_an_image_that_the_catalogue_finds()
    {
        using var directory = new TempDirectory();
        var request = Request(directory) with { Initrd = directory.Write("ramdisk", "initrd") };
        var image = Import(directory, request);
        var content = File.ReadAllBytes(request.Disk);
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(image);
        await Assert.That(File.ReadAllBytes(image.Disk).AsSpan().SequenceEqual(content)).IsTrue();
        await Assert.That((image.DiskBytes, image.DiskSha256)).IsEqualTo((1L << 20, Convert.ToHexStringLower(SHA256.HashData(content))));
        await Assert.That((File.ReadAllText(image.Kernel), File.ReadAllText(image.Initrd!), image.Append)).IsEqualTo(("kernel", "initrd", "quiet"));
    }

    [Test]
    public async Task The_empty_overlay_lies_on_the_disk_beside_it_and_has_its_size()
    {
        using var directory = new TempDirectory();
        var image = Import(directory, Request(directory));
        var info = CommandRunner.Require("look at overlay", ["qemu-img", "info", "--output=json", image.EmptyOverlay!]);
        using var json = System.Text.Json.JsonDocument.Parse(info);
        await Assert.That(json.RootElement.GetProperty("virtual-size").GetInt64()).IsEqualTo(1L << 20);
        await Assert.That(json.RootElement.GetProperty("full-backing-filename").GetString()).IsEqualTo(image.Disk);
        await Assert.That(json.RootElement.GetProperty("backing-filename-format").GetString()).IsEqualTo("raw");
    }

    [Test]
    public async Task Nobody_can_write_an_imported_image_and_only_its_importer_reaches_it()
    {
        using var directory = new TempDirectory();
        var image = Import(directory, Request(directory));
        foreach (var file in Directory.GetFiles(image.Directory))
            await Assert.That((int)File.GetUnixFileMode(file)).IsEqualTo(0x124 /* 0444 */);
        await Assert.That((int)File.GetUnixFileMode($"{directory["state"]}/images")).IsEqualTo(0x1C0 /* 0700 */);
    }

    [Test]
    public async Task Importing_again_replaces_the_image_and_drops_the_oldest_version()
    {
        using var directory = new TempDirectory();
        var first = Import(directory, Request(directory, fill: 1));
        Import(directory, Request(directory, fill: 3));
        var second = Import(directory, Request(directory, fill: 2));
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(second);
        await Assert.That((Directory.Exists(first.Directory), first.Version == second.Version, File.ReadAllBytes(second.Disk)[0])).IsEqualTo((false, false, (byte)2));
    }

    [Test]
    [Arguments("")]
    [Arguments("none")]
    [Arguments("..")]
    [Arguments("../x")]
    [Arguments(".hidden")]
    [Arguments("-rf")]
    [Arguments("a/b")]
    [Arguments("a b")]
    [Arguments("a\n")]
    [Arguments("é")]
    public async Task A_name_that_is_none_is_the_callers_fault(string name)
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Import(directory, Request(directory, name)));
        await Assert.That((failure.Blame, Directory.Exists(directory["state"]))).IsEqualTo((Blame.Usage, false));
    }

    [Test]
    [Arguments("disk")]
    [Arguments("kernel")]
    [Arguments("initrd")]
    public async Task A_file_that_is_missing_is_named(string which)
    {
        using var directory = new TempDirectory();
        var (request, none) = (Request(directory), directory["none"]);
        var failure = Assert.Throws<ApplianceException>(() => Import(directory, which switch
        {
            "disk" => request with { Disk = none },
            "kernel" => request with { Kernel = none },
            _ => request with { Initrd = none },
        }));
        await Assert.That((failure.Message, failure.Blame, Directory.Exists(directory["state"]))).IsEqualTo(($"import image, demo: there is no file {none}", Blame.Usage, false));
    }

    [Test]
    public async Task A_disk_that_cannot_be_read_leaves_the_catalogue_as_it_was()
    {
        using var directory = new TempDirectory();
        var first = Import(directory, Request(directory));
        // A qcow2 file that ends after its magic.
        var request = Request(directory);
        File.WriteAllBytes(request.Disk, [(byte)'Q', (byte)'F', (byte)'I', 0xFB, 0, 0, 0, 3, .. new byte[600]]);
        var failure = Assert.Throws<ApplianceException>(() => Import(directory, request));
        await Assert.That(failure.Message).StartsWith($"import disk, {request.Disk}: ");
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(first);
        await Assert.That(Directory.GetFileSystemEntries($"{directory["state"]}/images/demo").Length).IsEqualTo(2);
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task A_packed_kernel_is_kept_as_it_is_and_unpacked_beside_it(bool mustUnpack)
    {
        using var directory = new TempDirectory();
        var request = Request(directory);
        var kernel = BootImage.Around(BootImage.Pack(directory, BootImage.Elf(), "gzip"));
        File.WriteAllBytes(request.Kernel, kernel);
        var image = Import(directory, request, mustUnpack);
        await Assert.That(File.ReadAllBytes(image.Kernel).AsSpan().SequenceEqual(kernel)).IsTrue();
        await Assert.That(File.ReadAllBytes(image.Unpacked!).AsSpan().SequenceEqual(BootImage.Elf())).IsTrue();
        await Assert.That((int)File.GetUnixFileMode(image.Unpacked!)).IsEqualTo(0x124 /* 0444 */);
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(image);
    }

    [Test]
    public async Task A_kernel_that_cannot_be_unpacked_is_as_good_as_any_where_nobody_unpacks_it()
    {
        using var directory = new TempDirectory();
        var image = Import(directory, Request(directory));
        await Assert.That((image.HasUnpacked, image.Unpacked, File.Exists(image.UnpackedFile))).IsEqualTo((false, null, false));
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(image);
    }

    [Test]
    public async Task A_kernel_that_cannot_be_unpacked_is_refused_where_it_must_be_and_the_catalogue_is_as_before()
    {
        using var directory = new TempDirectory();
        var first = Import(directory, Request(directory));
        var failure = Assert.Throws<ApplianceException>(() => Import(directory, Request(directory), mustUnpack: true));
        await Assert.That((failure.Message.StartsWith($"unpack kernel, {directory["vmlinuz"]}: ", StringComparison.Ordinal), failure.Blame)).IsEqualTo((true, Blame.Usage));
        await Assert.That(new Catalogue(directory["state"]).Get("demo")).IsEqualTo(first);
        await Assert.That(Directory.GetFileSystemEntries($"{directory["state"]}/images/demo").Length).IsEqualTo(2);
    }

    [Test]
    public async Task A_first_import_that_fails_leaves_nothing()
    {
        using var directory = new TempDirectory();
        var request = Request(directory);
        File.WriteAllText(request.Disk, "");
        Assert.Throws<ApplianceException>(() => Import(directory, request with { Size = 1, Disk = Tar.Write(directory) }));
        await Assert.That(Directory.GetFileSystemEntries($"{directory["state"]}/images").Where(f => Path.GetFileName(f) != "lock")).IsEmpty();
    }
}
