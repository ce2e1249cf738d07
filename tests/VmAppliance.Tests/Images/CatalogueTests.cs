using VmAppliance.Diagnostics;
using VmAppliance.Images;

namespace VmAppliance.Tests.Images;

sealed class CatalogueTests
{
    static Image Publish(TempDirectory directory, string name, string version)
    {
        var catalogue = new Catalogue(directory.Path);
        var image = new Image(name, version, DateTimeOffset.UnixEpoch, 1, "00", false, "") { Directory = $"{catalogue.Root}/{name}/{version}" };
        Directory.CreateDirectory(image.Directory);
        catalogue.Publish(image);
        return image;
    }

    [Test]
    public async Task An_import_that_hangs_holds_no_other_up_for_ever()
    {
        using var directory = new TempDirectory();
        var catalogue = new Catalogue(directory.Path);
        using var held = catalogue.Lock(TimeSpan.FromSeconds(20));
        var failure = Assert.Throws<ApplianceException>(() => catalogue.Lock(TimeSpan.FromMilliseconds(100)));
        await Assert.That(failure.Message).StartsWith($"lock images, {directory["images/lock"]}: process {Environment.ProcessId} (");
        await Assert.That(failure.Blame).IsEqualTo(Blame.Transient);
    }

    [Test]
    public async Task Images_are_listed_by_name_with_the_version_in_force()
    {
        using var directory = new TempDirectory();
        Image b = Publish(directory, "b", "1"), a = Publish(directory, "a", "1");
        Directory.CreateDirectory(directory["images/unfinished/1"]);
        await Assert.That(new Catalogue(directory.Path).List().SequenceEqual([a, b])).IsTrue();
    }

    [Test]
    public async Task Publishing_drops_older_versions()
    {
        using var directory = new TempDirectory();
        Publish(directory, "a", "1");
        Publish(directory, "a", "2");
        var third = Publish(directory, "a", "3");
        await Assert.That(new Catalogue(directory.Path).Find("a")).IsEqualTo(third);
        // The one before may just be being opened.
        await Assert.That(string.Join(' ', Directory.GetDirectories(directory["images/a"]).Select(Path.GetFileName).Order())).IsEqualTo("2 3");
    }

    [Test]
    public async Task An_image_that_is_not_there_is_a_failure_that_names_those_that_are()
    {
        using var directory = new TempDirectory();
        await Assert.That(Assert.Throws<ApplianceException>(() => new Catalogue(directory.Path).Get("x")).Hint).StartsWith("import one: ");
        Publish(directory, "demo", "1");
        var failure = Assert.Throws<ApplianceException>(() => new Catalogue(directory.Path).Get("x"));
        await Assert.That((failure.Message, failure.Hint)).IsEqualTo(("find image, x: it is not in the catalogue", "there are: demo"));
    }

    [Test]
    [Arguments("../images/demo")]
    [Arguments("")]
    [Arguments(".")]
    [Arguments("demo/")]
    public async Task A_name_never_leads_out_of_the_catalogue(string name)
    {
        using var directory = new TempDirectory();
        Publish(directory, "demo", "1");
        await Assert.That(new Catalogue(directory.Path).Find(name)).IsNull();
    }

    [Test]
    public async Task A_removed_image_is_gone_and_cannot_be_removed_again()
    {
        using var directory = new TempDirectory();
        Publish(directory, "demo", "1");
        new Catalogue(directory.Path).Remove("demo");
        await Assert.That(Directory.GetFileSystemEntries(directory["images"])).IsEmpty();
        Assert.Throws<ApplianceException>(() => new Catalogue(directory.Path).Remove("demo"));
    }

    [Test]
    [Arguments("a", true)]
    [Arguments("debian-12.5_x", true)]
    [Arguments("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [Arguments("01234567890123456789012345678901234567890123456789012345678901234", false)]
    [Arguments("None", true)]
    [Arguments("none", false)]
    [Arguments("_a", false)]
    [Arguments("a\0", false)]
    public async Task Names_are_letters_digits_and_a_few_signs(string name, bool isName) => await Assert.That(Catalogue.IsName(name)).IsEqualTo(isName);
}
