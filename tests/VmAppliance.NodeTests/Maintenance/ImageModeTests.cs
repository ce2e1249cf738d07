using System.Text;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Maintenance;

/// <summary>Images whose disks are volumes.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class ImageModeTests
{
    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Before(Test)]
    public void ClearBefore() => TestGroup.Clear();

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    string Golden() => string.Join(' ', Group.Group.Volumes().Where(v => v.IsOurs && v.Name.StartsWith("vma-golden-demo", StringComparison.Ordinal)).Select(v => v.Name).Order(StringComparer.Ordinal));

    [Test]
    public async Task An_imported_disk_is_a_read_only_volume_with_its_bytes()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        var disk = Appliance.DiskFile(8 << 20);
        await Assert.That(Appliance.Import("demo", disk).Errors).IsEqualTo("");
        var volume = $"/dev/{Appliance.Image("demo").GetProperty("volume").GetString()}";
        await Assert.That(Bytes.Sum(volume)).IsEqualTo(Bytes.Sum(disk));
        await Assert.That((BlockDevice.IsReadOnly(volume), Appliance.Image("demo").GetProperty("diskSha256").GetString())).IsEqualTo((true, Bytes.Sum(volume)));
    }

    [Test]
    public async Task A_qcow2_and_an_archive_can_be_imported_too()
    {
        using var appliance = new Appliance(Appliance.In("thin"));
        var raw = Appliance.DiskFile(8 << 20);
        Tool.Run("qemu-img", "convert", "-O", "qcow2", raw, $"{raw}.qcow2");
        await Assert.That(Appliance.Import("demo", $"{raw}.qcow2").Errors).IsEqualTo("");
        await Assert.That(Bytes.Sum($"/dev/{Appliance.Image("demo").GetProperty("volume").GetString()}")).IsEqualTo(Bytes.Sum(raw));
        Tool.Run("tar", "-C", "/etc", "-cf", $"{raw}.tar", "hostname");
        await Assert.That(Appliance.Run("maintenance", "image", "import", "demo-tar", "--disk", $"{raw}.tar", "--kernel", raw, "--size", "16MiB").Errors).IsEqualTo("");
        var disk = $"/dev/{Appliance.Image("demo-tar").GetProperty("volume").GetString()}";
        await Assert.That(Tool.Run("dumpe2fs", "-h", disk)).Contains("Filesystem volume name:   root");
    }

    [Test]
    public async Task The_version_before_stays_the_one_before_it_goes_and_another_image_is_not_mistaken_for_it()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        await Assert.That(Appliance.Import("demo-x", Appliance.DiskFile(8 << 20)).Status).IsEqualTo(0);
        var versions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await Assert.That(Appliance.Import("demo", Appliance.DiskFile(8 << 20, seed: i + 10)).Status).IsEqualTo(0);
            versions.Add(Appliance.Image("demo").GetProperty("version").GetString()!);
        }
        var other = Appliance.Image("demo-x").GetProperty("version").GetString();
        await Assert.That(Golden().Split(' ').Order(StringComparer.Ordinal).SequenceEqual(
            new[] { $"vma-golden-demo-{versions[1]}", $"vma-golden-demo-{versions[2]}", $"vma-golden-demo-x-{other}" }.Order(StringComparer.Ordinal))).IsTrue().Because(Golden());
        Appliance.Require("maintenance", "image", "remove", "demo");
        await Assert.That(Golden()).IsEqualTo($"vma-golden-demo-x-{other}");
    }

    [Test]
    public async Task A_disk_that_does_not_fit_leaves_nothing()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        var large = $"{Path.GetDirectoryName(Appliance.Configuration)}/large.raw";
        using (var file = File.Create(large))
        {
            file.Position = 510;
            file.Write([0x55, 0xAA]);
            file.SetLength(8L << 30);
        }
        var result = Appliance.Import("demo", large);
        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.Errors).StartsWith("vmappliance: make volume, vg-test/vma-golden-demo-").And.Contains("8192 MiB are needed");
        await Assert.That((Golden(), Appliance.Require("maintenance", "image", "list"))).IsEqualTo(("", "NAME  VERSION  DISK  SHA-256  TEMPLATES\n"));
    }

    [Test]
    public async Task A_disk_that_cannot_be_read_leaves_nothing()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"));
        var broken = $"{Path.GetDirectoryName(Appliance.Configuration)}/broken.qcow2";
        await File.WriteAllBytesAsync(broken, [.. "QFI\xfb"u8[..3], 0xFB, .. Encoding.ASCII.GetBytes(new string('x', 4096))]);
        await Assert.That(Appliance.Import("demo", broken).Status).IsEqualTo(64);
        await Assert.That(Golden()).IsEqualTo("");
    }
}
