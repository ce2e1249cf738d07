using VmAppliance.Images;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Storage;

/// <summary>Templates whose disks are volumes. That of a real machine, in this machine, takes a quarter of an hour: <c>make test-nested</c>.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class TemplateTests
{
    const string Name = "demo";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Before(Test)]
    public void ClearBefore() => TestGroup.Clear();

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    string[] Templates() => [.. Group.Group.Volumes().Where(v => v.IsOurs && v.Name.StartsWith("vma-template-", StringComparison.Ordinal)).Select(v => v.Name)];

    static CommandResult Call(params string[] words) => CommandRunner.Run(Appliance.Argv(words), Patience);

    static CommandResult Import()
    {
        var guest = Path.GetFullPath("../node-guest/state/images/guest", AppContext.BaseDirectory);
        var image = new Catalogue(Path.GetFullPath("../..", guest)).Get("guest") with { Directory = Directory.GetDirectories(guest).Single() };
        return Call("maintenance", "image", "import", Name, "--disk", image.Disk, "--kernel", image.Kernel, "--initrd", image.Initrd!, "--append", image.Append);
    }

    [Test, Explicit]
    public async Task A_machine_is_resumed_from_a_volume_and_leaves_nothing_on_it()
    {
        using var appliance = new Appliance(Appliance.In("snapshot"), qemu: "auto", patience: "15min", template: "auto");
        Appliance.Require("maintenance", "storage", "init");
        var imported = Import();
        await Assert.That((imported.Status, imported.Errors)).IsEqualTo((0, "")).Because($"{imported}");
        var disk = Group.Group.PathOf(Templates().Single());
        var (sum, isReadOnly) = (Bytes.Sum(disk), BlockDevice.IsReadOnly(disk));
        await Assert.That(isReadOnly).IsTrue();

        var result = Call("run", "--timeline", "--image", Name, "--owner", "nobody", "--", "sh", "-c", "cat /etc/hostname && echo written > /tmp/written && sync && cat /tmp/written");
        await Assert.That(result.Status).IsEqualTo(0).Because($"{result}");
        await Assert.That(result.Output).StartsWith("vma-node-run").And.EndsWith("written\n");
        await Assert.That(result.Errors).Contains(" · resume ");
        await Assert.That(Bytes.Sum(disk)).IsEqualTo(sum);
        await Assert.That(Appliance.Rests).IsEmpty();
        Appliance.Require("maintenance", "image", "remove", Name);
        await Assert.That(Templates()).IsEmpty();
    }

    [Test]
    public async Task A_volume_in_use_stays_until_it_is_not_and_one_without_a_template_goes()
    {
        using var directory = new TempDirectory();
        var volumes = new GoldenVolumes(Group.Group);
        var image = new Image("a", "20261127T000000-abcdef", DateTimeOffset.UnixEpoch, TestGroup.GoldenBytes, "", false, "", $"{TestGroup.Name}/vma-golden-pattern") { Directory = directory.Path };
        var shelf = new TemplateShelf(image, volumes);
        var template = shelf.Begin(new Template("k", "qemu", DateTimeOffset.UnixEpoch, 1, 6, []));
        File.WriteAllText(template.Memory, "memory");
        File.WriteAllText(template.State, "state");
        shelf.Keep(template, Group.Golden.Path);
        template = shelf.Publish(template);
        await Assert.That((Bytes.Sum(template.Disk), template.EmptyOverlay, TemplateShelf.Damage(template, thorough: true))).IsEqualTo((Group.GoldenSum, null, null));
        await Assert.That(shelf.Find("k")!.Disk).IsEqualTo(template.Disk);

        using (Descriptor.Open(template.Disk, OpenMode.Read))
        {
            await Assert.That(shelf.Remove(template.Directory)).IsFalse();
            await Assert.That((shelf.Find("k"), Templates().Length, shelf.Halves().Count)).IsEqualTo((null, 1, 1));
        }
        await Assert.That(shelf.Remove(shelf.Halves().Single())).IsTrue();
        await Assert.That((Templates().Length, shelf.Halves().Count)).IsEqualTo((0, 0));

        // Whoever made it was killed when the volume was there, and when it was not.
        var half = shelf.Begin(new Template("k", "qemu", DateTimeOffset.UnixEpoch, 1, 6, []));
        shelf.Keep(half, Group.Golden.Path);
        await Assert.That((Templates().Length, shelf.Remove(shelf.Halves().Single()), Templates().Length)).IsEqualTo((1, true, 0));
        shelf.Begin(new Template("k", "qemu", DateTimeOffset.UnixEpoch, 1, 6, []));
        await Assert.That((shelf.Remove(shelf.Halves().Single()), shelf.Halves().Count)).IsEqualTo((true, 0));

        // They go with their version, and with no other image's.
        shelf.Keep(shelf.Begin(new Template("k", "qemu", DateTimeOffset.UnixEpoch, 1, 6, [])), Group.Golden.Path);
        volumes.Sweep("a-20261127T000000", []);
        volumes.Sweep("a", [image.Version]);
        await Assert.That(Templates().Length).IsEqualTo(1);
        volumes.Sweep("a", []);
        await Assert.That(Templates()).IsEmpty();
    }
}
