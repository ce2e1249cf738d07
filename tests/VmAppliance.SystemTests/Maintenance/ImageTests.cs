using System.Security.Cryptography;
using System.Text.Json;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>image import, list and remove, with disks of a few bytes.</summary>
sealed class ImageTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task RawAndQcow2DisksAreImportedAlikeAndReplaced()
    {
        var node = Catalogue("images");
        // All there is to a partition table.
        byte[] raw = [.. RandomNumberGenerator.GetBytes(510), 0x55, 0xAA, .. RandomNumberGenerator.GetBytes((64 << 10) - 512)];
        var (disk, packed, kernel) = ($"{node.Home}/disk", $"{node.Home}/disk.qcow2", $"{node.Home}/kernel");
        await File.WriteAllBytesAsync(disk, raw);
        await File.WriteAllTextAsync(kernel, "kernel");
        await new Command("qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, packed).Require();

        await node.Maintenance("image", "import", "tiny", "--disk", disk, "--kernel", kernel).Require();
        var first = await List(node);
        await node.Maintenance("image", "import", "tiny", "--disk", packed, "--kernel", kernel, "--initrd", kernel, "--append", "root=/dev/vda x").Require();
        var second = await List(node);
        await node.Maintenance("image", "remove", "tiny").Require();

        foreach (var image in new[] { first.Single(), second.Single() })
        {
            await Assert.That(image.GetProperty("diskBytes").GetInt64()).IsEqualTo(raw.Length);
            await Assert.That(image.GetProperty("diskSha256").GetString()).IsEqualTo(Convert.ToHexStringLower(SHA256.HashData(raw)));
        }
        await Assert.That(second.Single().GetProperty("version").GetString()).IsNotEqualTo(first.Single().GetProperty("version").GetString());
        await Assert.That(second.Single().GetProperty("append").GetString()).IsEqualTo("root=/dev/vda x");
        await Assert.That(await List(node)).IsEmpty();
        await Assert.That(Directory.GetDirectories($"{node.Home}/state/images")).IsEmpty();
    }

    [Test]
    public async Task OldVersionsGo()
    {
        var node = Catalogue("versions");
        await File.WriteAllBytesAsync($"{node.Home}/disk", [.. new byte[510], 0x55, 0xAA, .. new byte[(1 << 20) - 512]]);
        foreach (var _ in Enumerable.Range(0, 3))
            await node.Maintenance("image", "import", "tiny", "--disk", $"{node.Home}/disk", "--kernel", $"{node.Home}/disk").Require();

        var image = $"{node.Home}/state/images/tiny";
        var version = (await List(node)).Single().GetProperty("version").GetString();

        // The one before may just be in a prolog's hands.
        await Assert.That(Directory.GetDirectories(image).Length).IsLessThanOrEqualTo(2);
        await Assert.That(await new Command("stat", "--format=%a %U", $"{node.Home}/state/images", $"{image}/image.json", $"{image}/{version}/disk.raw").Require()).IsEqualTo("700 root\n644 root\n444 root\n");
    }

    [Test]
    [Arguments("none", "this cannot be an image's name", 64)]
    [Arguments("../evil", "this cannot be an image's name", 64)]
    [Arguments("fine", "there is no file /nonexistent", 64)]
    public async Task ImportsThatCannotBeAreRefused(string name, string reason, int status)
    {
        var node = Catalogue("refused");

        var result = await node.Maintenance("image", "import", name, "--disk", "/nonexistent", "--kernel", "/nonexistent").Run();

        await Assert.That(result.Status).IsEqualTo(status);
        await Assert.That(result.ErrorLines[0]).IsEqualTo($"vmappliance: import image, {name}: {reason}");
        await Assert.That(await List(node)).IsEmpty();
    }

    [Test]
    public async Task FailedImportLeavesNothing()
    {
        var node = Catalogue("broken");
        // A gzip header, and nothing behind it.
        await File.WriteAllBytesAsync($"{node.Home}/disk", [0x1F, 0x8B, 8, 0]);

        var result = await node.Maintenance("image", "import", "broken", "--disk", $"{node.Home}/disk", "--kernel", $"{node.Home}/disk").Run();

        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: unpack archive");
        await Assert.That(await List(node)).IsEmpty();
        await Assert.That(Directory.GetDirectories($"{node.Home}/state/images")).IsEmpty();
    }

    [Test]
    [Arguments(9)]
    [Arguments(15)]
    public async Task KilledImportTakesItsToolsAlongAndWhoComesNextRemovesWhatItLeft(int signal)
    {
        var node = Catalogue($"killed{signal}");
        var images = $"{node.Home}/state/images";
        await using (var import = node.Maintenance("image", "import", "endless", "--disk", await EndlessArchive(node), "--kernel", "/bin/true").Start())
        {
            await Eventually.Holds("the archive is being unpacked", () => Directory.Exists(images)
                && Directory.GetDirectories(images, ".import-endless-*").Any(d => File.Exists($"{d}/tree/endless")));
            import.Signal(signal);
            await import.Ended;
        }

        await Eventually.Holds("its tools are gone", () => RunningProcess.Mentioning(images).Count == 0);
        var left = Path.GetFileName(Directory.GetDirectories(images).Single());
        await Assert.That(await List(node)).IsEmpty();
        if (signal == 9)
            await Assert.That(await node.Maintenance("reap").Require()).IsEqualTo($"import {left}: whoever imported or removed it was killed: removed\n");
        else
            await node.Maintenance("image", "import", "fine", "--disk", "/dev/null", "--kernel", "/bin/true").Run();

        await Assert.That(string.Join(' ', Directory.GetFileSystemEntries(images).Select(Path.GetFileName))).IsEqualTo("lock");
    }

    // 64 GiB of zeroes, in as many pieces as a packer needs not be asked for again: frames of zstd may follow each other.
    static async Task<string> EndlessArchive(Node node)
    {
        const string script = """
            head -c 67108864 /dev/zero | zstd -q -1 -c >frame
            truncate -s 64G endless; tar --format=gnu -cf - endless 2>/dev/null | head -c 512 | zstd -q -1 -c >endless.tar.zst; rm endless
            for i in $(seq 10); do cat frame frame >twice; mv twice frame; done; cat frame >>endless.tar.zst; rm frame
            """;
        Directory.CreateDirectory(node.Home);
        await (new Command("sh", "-c", script) { Directory = node.Home }).Require();
        return $"{node.Home}/endless.tar.zst";
    }

    [Test]
    public async Task MissingImageIsNotRemoved()
    {
        var result = await Catalogue("missing").Maintenance("image", "remove", "nope").Run();

        await Assert.That(result.Status).IsEqualTo(1);
        await Assert.That(result.ErrorText).StartsWith("vmappliance: find image, nope: it is not in the catalogue\n(hint: ");
    }

    // These nodes do not share the session's images.
    Node Catalogue(string name) => Session.With(name, $"appliance.state_dir = {Session.Directory}/{name}/state", "image:tiny.template = off");

    static async Task<IReadOnlyList<JsonElement>> List(Node node) =>
        [.. JsonDocument.Parse(await node.Maintenance("image", "list", "--json").Require()).RootElement.EnumerateArray()];
}
