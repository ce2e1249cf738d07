using VmAppliance.Guest;
using VmAppliance.Guest.Agent;

namespace VmAppliance.Tests.Guest.Agent;

/// <summary>A directory is the image.</summary>
sealed class ZoneChangeTests
{
    static readonly GuestZone s_berlin = new("Europe/Berlin", [.. "TZif2 rules"u8]);

    static TempDirectory Image(params string[] zones)
    {
        var root = new TempDirectory();
        Directory.CreateDirectory(root["etc"]);
        File.CreateSymbolicLink(root["etc/localtime"], "/usr/share/zoneinfo/Etc/UTC");
        File.WriteAllText(root["etc/timezone"], "Etc/UTC\n");
        foreach (var zone in zones)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root[$"usr/share/zoneinfo/{zone}"])!);
            File.WriteAllText(root[$"usr/share/zoneinfo/{zone}"], "TZif2");
        }
        return root;
    }

    [Test]
    public async Task A_zone_that_the_image_knows_is_linked_to_and_named()
    {
        using var root = Image("Europe/Berlin");
        // Again, as in a machine that was resumed: it is so already.
        ZoneChange.Apply(s_berlin, root.Path);
        ZoneChange.Apply(s_berlin, root.Path);
        await Assert.That(new FileInfo(root["etc/localtime"]).LinkTarget).IsEqualTo("/usr/share/zoneinfo/Europe/Berlin");
        await Assert.That(File.ReadAllText(root["etc/timezone"])).IsEqualTo("Europe/Berlin\n");
    }

    [Test]
    public async Task Rules_of_a_zone_that_the_image_does_not_know_take_the_links_place()
    {
        using var root = Image("Etc/UTC");
        ZoneChange.Apply(s_berlin, root.Path);
        await Assert.That(new FileInfo(root["etc/localtime"]).LinkTarget).IsNull();
        await Assert.That(File.ReadAllText(root["etc/localtime"])).IsEqualTo("TZif2 rules");
        await Assert.That(File.ReadAllText(root["usr/share/zoneinfo/Etc/UTC"])).IsEqualTo("TZif2");
    }

    [Test]
    [Arguments("../../../etc/timezone")]
    [Arguments("Nowhere/Atall")]
    public async Task A_name_without_rules_that_leads_nowhere_changes_nothing(string name)
    {
        using var root = Image("Etc/UTC");
        ZoneChange.Apply(new GuestZone(name, []), root.Path);
        await Assert.That(new FileInfo(root["etc/localtime"]).LinkTarget).IsEqualTo("/usr/share/zoneinfo/Etc/UTC");
    }
}
