using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

/// <summary>What changes when Xen runs the machines.</summary>
sealed class XenSettingsTests
{
    const string Xen = "[appliance]\nhypervisor = xen\n";

    static Settings Good(string text)
    {
        var settings = SettingsReader.Read(text, out var problems, out _);
        return problems.Count == 0 ? settings : throw new InvalidOperationException(string.Join("; ", problems));
    }

    static string Problems(string text)
    {
        SettingsReader.Read(text, out var problems, out _);
        return string.Join('\n', problems);
    }

    [Test]
    public async Task Xen_has_defaults_of_its_own()
    {
        var settings = Good(Xen);
        await Assert.That(settings.Appliance.Hypervisor).IsEqualTo(HypervisorKind.Xen);
        await Assert.That((settings.Network.Kind, settings.Network.MacPrefix)).IsEqualTo((NetworkKind.Tap, "00:16:3e"));
        await Assert.That((settings.Storage.Kind, settings.Storage.Copy)).IsEqualTo((StorageKind.File, CopyKind.Full));
        await Assert.That(settings.Xen).IsEqualTo(new XenSettings("auto", "/usr/libexec/vmappliance/xen"));
    }

    [Test]
    public async Task Without_Xen_nothing_changes()
    {
        var settings = Good("");
        await Assert.That(settings.Appliance.Hypervisor).IsEqualTo(HypervisorKind.Qemu);
        await Assert.That((settings.Network.Kind, settings.Network.MacPrefix)).IsEqualTo((NetworkKind.User, "52:54:00"));
        await Assert.That(settings.Storage.Copy).IsEqualTo(CopyKind.Auto);
        await Assert.That((settings.Image("x").Machine, settings.Image("x").Identity)).IsEqualTo(("q35", IdentityKind.Port));
    }

    [Test]
    [Arguments("")]
    [Arguments("[image:x]\ncpus = 2\n")]
    public async Task An_image_is_a_pv_machine_with_a_seed_unless_it_says_otherwise(string section)
    {
        var image = Good(Xen + section).Image("x");
        await Assert.That((image.Machine, image.Identity)).IsEqualTo(("pv", IdentityKind.Seed));
    }

    [Test]
    public async Task What_Xen_can_do_is_taken_as_said()
    {
        var settings = Good(Xen + "[network]\nkind = tap\nmac_prefix = 02:ab:cd\n[storage]\ncopy = reflink\n[xen]\nxl = /opt/xl\nscripts = /opt/scripts\n[image:x]\nmachine = pvh\nidentity = seed\n");
        await Assert.That((settings.Network.Kind, settings.Network.MacPrefix, settings.Storage.Copy)).IsEqualTo((NetworkKind.Tap, "02:ab:cd", CopyKind.Reflink));
        await Assert.That(settings.Xen).IsEqualTo(new XenSettings("/opt/xl", "/opt/scripts"));
        await Assert.That(settings.Image("x").Machine).IsEqualTo("pvh");
    }

    [Test]
    [Arguments("[network]\nkind = user\n", "[network] kind: must be tap: Xen has no user-mode network")]
    [Arguments("[storage]\ncopy = overlay\n", "[storage] copy: must be full or reflink: Xen cannot start from an overlay")]
    [Arguments("[storage]\ncopy = auto\n", "[storage] copy: must be full or reflink: Xen cannot start from an overlay")]
    [Arguments("[image:x]\nmachine = q35\n", "[image:x] machine: must be pv or pvh on Xen")]
    [Arguments("[image:x]\nmachine = hvm\n", "[image:x] machine: must be pv or pvh on Xen")]
    [Arguments("[image:x]\nidentity = port\n", "[image:x] identity: must be seed: Xen has no port")]
    public async Task What_Xen_cannot_do_is_refused_and_QEMU_knows_nothing_of_it(string section, string problem)
    {
        await Assert.That(Problems(Xen + section)).IsEqualTo(problem);
        await Assert.That(Problems(section)).IsEqualTo("");
    }

    [Test]
    public async Task All_that_Xen_cannot_do_is_reported_at_once() =>
        await Assert.That(Problems(Xen + "[network]\nkind = user\n[storage]\ncopy = overlay\n[image:x]\nmachine = q35\nidentity = port\n").Split('\n').Length).IsEqualTo(4);

    [Test]
    public async Task The_toolstacks_own_scripts_can_be_had() => await Assert.That(Good(Xen + "[xen]\nscripts = stock\n").Xen.Scripts).IsNull();

    [Test]
    [Arguments("scripts")]
    [Arguments("Stock")]
    [Arguments("./xen")]
    public async Task Scripts_that_are_no_absolute_path_are_refused(string scripts) =>
        await Assert.That(Problems($"[xen]\nscripts = {scripts}\n")).StartsWith($"[xen] scripts: '{scripts}' must be the directory of vma-block and vma-vif, or 'stock'");

    [Test]
    [Arguments("xl")]
    [Arguments("/opt/xen/bin/xl-4.19")]
    public async Task A_toolstack_whose_processes_could_not_be_recognised_is_refused(string xl) =>
        await Assert.That(Problems(Xen + $"[xen]\nxl = {xl}\n")).IsEqualTo($"[xen] xl: '{xl}' must be auto, or an absolute path that ends in /xl");

    [Test]
    public async Task A_section_that_is_almost_right_is_named() =>
        await Assert.That(Problems("[xem]\nxl = auto\n")).IsEqualTo("[xem]: there is no such section (did you mean 'xen'?)");

    [Test]
    public async Task The_effective_values_are_a_file_that_means_the_same()
    {
        var settings = SettingsReader.Read(Xen + "[xen]\nscripts = stock\n[image:a]\nmemory = 1GiB\n", out _, out var effective);
        var printed = string.Concat(effective.GroupBy(v => v.Section).Select(g => $"[{g.Key}]\n{string.Concat(g.Select(v => $"{v.Key} = {v.Text()}\n"))}"));
        var again = Good(printed);
        await Assert.That((again.Appliance, again.Storage, again.Xen, again.Images["a"])).IsEqualTo((settings.Appliance, settings.Storage, settings.Xen, settings.Images["a"]));
        await Assert.That((again.Network.Kind, again.Network.MacPrefix)).IsEqualTo((NetworkKind.Tap, "00:16:3e"));
    }
}
