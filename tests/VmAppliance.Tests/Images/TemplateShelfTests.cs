using VmAppliance.Images;

namespace VmAppliance.Tests.Images;

sealed class TemplateShelfTests
{
    static Image ImageIn(TempDirectory directory)
    {
        directory.Write("empty.qcow2", "empty");
        return new Image("a", "1", DateTimeOffset.UnixEpoch, 4, "", false, "") { Directory = directory.Path };
    }

    static Template Publish(TemplateShelf shelf, string key, int second, string likeness = "qemu 1, q35")
    {
        var template = shelf.Begin(new Template(key, likeness, DateTimeOffset.UnixEpoch.AddSeconds(second), 1, 6, []));
        foreach (var file in new[] { template.Memory, template.State, template.Disk })
            File.WriteAllText(file, $"{Path.GetFileName(file)} {second}");
        return shelf.Publish(template);
    }

    [Test]
    public async Task What_is_published_is_found_with_its_files_and_their_checksums()
    {
        using var directory = new TempDirectory();
        var shelf = new TemplateShelf(ImageIn(directory));
        await Assert.That(shelf.Find("k")).IsNull();
        Publish(shelf, "k", 1);
        var found = shelf.Find("k")!;
        await Assert.That((File.ReadAllText(found.Memory), File.ReadAllText(found.State), File.ReadAllText(found.Disk), File.ReadAllText(found.EmptyOverlay!)))
            .IsEqualTo(("memory 1", "state 1", "disk.raw 1", "empty"));
        await Assert.That(found.Sha256.Select(s => s.Length)).IsEquivalentTo([64, 64, 64]);
        await Assert.That(directory.Names()).IsEqualTo("empty.qcow2 template-k-19700101T000001000");
    }

    [Test]
    public async Task A_new_one_replaces_its_own_kind_and_those_of_a_QEMU_that_is_gone()
    {
        using var directory = new TempDirectory();
        var shelf = new TemplateShelf(ImageIn(directory));
        var first = Publish(shelf, "k", 1);
        Publish(shelf, "other", 2, "qemu 1, pc");
        Publish(shelf, "old", 3, "qemu 0, q35");
        var last = Publish(shelf, "k", 4);
        await Assert.That(directory.Names()).IsEqualTo("empty.qcow2 template-k-19700101T000004000");
        await Assert.That(last.MemoryName).IsNotEqualTo(first.MemoryName);
        await Assert.That(shelf.Find("k")!.Directory).IsEqualTo(last.Directory);
    }

    [Test]
    [Arguments("")]
    [Arguments("{")]
    [Arguments("null")]
    public async Task One_that_cannot_be_read_is_none(string description)
    {
        using var directory = new TempDirectory();
        var shelf = new TemplateShelf(ImageIn(directory));
        File.WriteAllText($"{Publish(shelf, "k", 1).Directory}/template.json", description);
        await Assert.That(shelf.Find("k")).IsNull();
    }

    [Test]
    public async Task Halves_are_what_was_begun_and_what_was_being_removed()
    {
        using var directory = new TempDirectory();
        var shelf = new TemplateShelf(ImageIn(directory));
        var whole = Publish(shelf, "k", 1);
        var begun = shelf.Begin(new Template("other", "", default, 1, 6, [])).Directory;
        Directory.CreateDirectory(directory["gone-template-1"]);
        await Assert.That(shelf.Halves()).IsEquivalentTo([begun, directory["gone-template-1"]]);
        foreach (var half in shelf.Halves().Concat(shelf.Halves()))
            shelf.Remove(half);
        await Assert.That(directory.Names()).IsEqualTo($"empty.qcow2 {Path.GetFileName(whole.Directory)}");
        using var alone = shelf.TryLock();
        await Assert.That(alone).IsNotNull();
        await Assert.That(shelf.TryLock()).IsNull();
    }

    [Test]
    public async Task A_file_that_is_not_as_it_was_made_is_found()
    {
        using var directory = new TempDirectory();
        var template = Publish(new TemplateShelf(ImageIn(directory)), "k", 1);
        await Assert.That(TemplateShelf.Damage(template, true)).IsNull();
        File.Move(template.State, $"{template.State}.away");
        await Assert.That(TemplateShelf.Damage(template, false)).IsEqualTo(template.State);
        File.Move($"{template.State}.away", template.State);
        File.SetUnixFileMode(template.Memory, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(template.Memory, "memory 2");
        await Assert.That(TemplateShelf.Damage(template, true)).IsEqualTo(template.Memory);
        await Assert.That(TemplateShelf.Damage(template, false)).IsNull();
    }

    [Test]
    public async Task What_was_missed_is_news_once_and_wanted_until_it_is_forgotten()
    {
        using var directory = new TempDirectory();
        var shelf = new TemplateShelf(ImageIn(directory));
        TemplateWish large = new("k8", 8, 1L << 30), small = new("k1", 1, 1L << 27);
        await Assert.That((shelf.Want(large), shelf.Want(large), shelf.Want(small))).IsEqualTo((true, false, true));
        File.WriteAllText(directory["wish-broken.json"], "{");
        await Assert.That(shelf.Wishes()).IsEquivalentTo([small, large]);
        shelf.Forget("k8");
        shelf.Forget("k8");
        await Assert.That(shelf.Wishes()).IsEquivalentTo([small]);
        await Assert.That(shelf.Want(large)).IsTrue();
    }
}
