using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed class NodeZoneTests
{
    [Test]
    [Arguments("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin")]
    [Arguments("../usr/share/zoneinfo/Etc/UTC", "Etc/UTC")]
    [Arguments("/usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires")]
    [Arguments("/usr/share/zoneinfo/Etc/GMT+5", "Etc/GMT+5")]
    [Arguments("/usr/share/zoneinfo/../../../etc/passwd", null)]
    [Arguments("/usr/share/zoneinfo/a b", null)]
    [Arguments("/usr/share/zoneinfo/", null)]
    [Arguments("/somewhere/else", null)]
    [Arguments(null, null)]
    public async Task A_link_tells_the_zones_name(string? target, string? name) => await Assert.That(NodeZone.Name(target)).IsEqualTo(name);

    [Test]
    public async Task A_file_of_rules_is_taken_as_it_is()
    {
        using var directory = new TempDirectory();
        var zone = NodeZone.Of(directory.Write("localtime", "TZif2 rules"))!;
        await Assert.That((zone.Name, System.Text.Encoding.ASCII.GetString(zone.Rules))).IsEqualTo((null, "TZif2 rules"));
        await Assert.That(NodeZone.Of(directory.Write("other", "no rules"))).IsNull();
    }

    [Test]
    public async Task Without_a_file_the_time_is_UTC()
    {
        using var directory = new TempDirectory();
        await Assert.That(NodeZone.Of(directory["none"])!.Name).IsEqualTo("Etc/UTC");
    }
}
