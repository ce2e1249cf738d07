using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

sealed class SettingsReaderTests
{
    static Settings Good(string text)
    {
        var settings = SettingsReader.Read(text, out var problems, out _);
        return problems.Count == 0 ? settings : throw new InvalidOperationException(string.Join("; ", problems));
    }

    static IReadOnlyList<string> Problems(string text)
    {
        SettingsReader.Read(text, out var problems, out _);
        return problems;
    }

    [Test]
    public async Task A_volume_group_means_snapshots_and_each_kind_but_files_needs_one()
    {
        await Assert.That(Good("").Storage.Kind).IsEqualTo(StorageKind.File);
        await Assert.That(Good("[storage]\nvolume_group = vg\n").Storage.Kind).IsEqualTo(StorageKind.Snapshot);
        await Assert.That(Good("[storage]\nkind = file\nvolume_group = vg\n").Storage.Kind).IsEqualTo(StorageKind.File);
        await Assert.That(Good("[storage]\nkind = thin\nvolume_group = vg\n").Storage.Kind).IsEqualTo(StorageKind.Thin);
        SettingsReader.Read("[storage]\nkind = thin\n", out var problems, out _);
        await Assert.That(string.Join(' ', problems)).IsEqualTo("[storage] volume_group: is missing: kind = thin needs one");
    }

    [Test]
    public async Task Every_value_of_a_file_arrives()
    {
        var settings = Good("""
            # a comment
            ; another
            [appliance]
            accel = tcg
            run_dir = /tmp/run
            state_dir = /tmp/state
            qemu = /opt/qemu
            ready_timeout = 90s
            lost_status = 99
            [slots]
            count = 7
            cpus = 2
            memory = 512MiB
            [network]
            kind = tap
            restrict = yes
            bridge = br9
            mac_prefix = 02:ab:CD
            subnet = 10.9.0.0/16
            gateway = 10.9.0.1
            nameservers = 10.9.0.2 10.9.0.3
            [storage]
            copy = overlay
            dir = /srv/disks
            [xen]
            xl = /opt/xl
            scripts = /opt/scripts
            [gridengine]
            admin_user = codadmin
            """);
        await Assert.That(settings.Appliance).IsEqualTo(new ApplianceSettings("gridengine", HypervisorKind.Qemu, Acceleration.Tcg, "/tmp/run", "/tmp/state",
            "/opt/qemu", TimeSpan.FromSeconds(90), 99));
        await Assert.That(settings.Slots).IsEqualTo(new SlotSettings(7, 2, 512L << 20));
        await Assert.That(settings.Network with { NameServers = [] }).IsEqualTo(new NetworkSettings(NetworkKind.Tap, true, "br9", "02:ab:CD",
            Subnet.Parse("10.9.0.0/16")!, "10.9.0.1", []));
        await Assert.That(string.Join('|', settings.Network.NameServers)).IsEqualTo("10.9.0.2|10.9.0.3");
        await Assert.That(settings.Storage).IsEqualTo(Storage.Sample.Storage(CopyKind.Overlay, "/srv/disks"));
        await Assert.That(settings.Xen).IsEqualTo(new XenSettings("/opt/xl", "/opt/scripts"));
        await Assert.That(settings.GridEngine.AdminUser).IsEqualTo("codadmin");
    }

    [Test]
    public async Task Disks_are_kept_below_the_state_directory_unless_said_otherwise() =>
        await Assert.That(Good("[appliance]\nstate_dir = /srv/vma\n").Storage.Directory).IsEqualTo("/srv/vma/disks");

    [Test]
    public async Task An_image_inherits_what_its_section_does_not_say()
    {
        var settings = Good("[appliance]\nready_timeout = 5s\n[slots]\ncpus = 3\nmemory = 128MiB\n[image:a]\nappend = one two\nidentity = seed\ntemplate = off\nmissing_directory = make\ntime_zone = image\n[image:b]\nmemory = 2GiB\n");
        await Assert.That(settings.Image("a")).IsEqualTo(new ImageSettings(3, 128L << 20, null, "one two", "q35", "auto", TimeSpan.FromSeconds(5), IdentityKind.Seed, TemplateKind.Off, MissingDirectory.Make, ZoneKind.Image));
        await Assert.That(settings.Image("b").Memory).IsEqualTo(2L << 30);
        await Assert.That(settings.Image("c")).IsEqualTo(new ImageSettings(3, 128L << 20, null, "", "q35", "auto", TimeSpan.FromSeconds(5), IdentityKind.Port, TemplateKind.Auto, MissingDirectory.Refuse, ZoneKind.Node));
    }

    [Test]
    [Arguments("", 2, 128)]
    [Arguments("cpus = nslots\n", 4, 128)]
    [Arguments("memory_per_slot = 64MiB\n", 2, 256)]
    [Arguments("cpus = nslots\nmemory_per_slot = 1GiB\nmemory = 2GiB\n", 4, 4096)]
    [Arguments("cpus = auto\nmemory = 96MiB\n", 2, 96)]
    public async Task An_image_may_give_a_job_what_it_has_slots_for(string lines, int cpus, int mebibytes)
    {
        var image = Good($"[slots]\ncpus = 2\nmemory = 128MiB\n[image:a]\n{lines}").Image("a");
        await Assert.That((image.CpusFor(4), image.MemoryFor(4) >> 20)).IsEqualTo((cpus, (long)mebibytes));
    }

    [Test]
    public async Task A_queue_names_its_image_or_none()
    {
        var queues = Good("[appliance]\nlost_status = 42\n[queue:vm.q]\nimage = demo\n[queue:native.q]\nimage = none\nlost_status = 99\n").Queues;
        await Assert.That(queues["vm.q"]).IsEqualTo(new QueueSettings("demo", 42));
        await Assert.That(queues["native.q"]).IsEqualTo(new QueueSettings(null, 99));
        await Assert.That(queues.Count).IsEqualTo(2);
    }

    [Test]
    public async Task A_queue_without_image_is_a_problem() =>
        await Assert.That(Problems("[queue:vm.q]\nlost_status = 5\n").Single()).StartsWith("[queue:vm.q] image: is missing");

    [Test]
    [Arguments("image \"debian\"")]
    [Arguments("image.debian")]
    public async Task A_section_that_is_like_none_is_told_which_there_are(string name) => await Assert.That(Problems($"[{name}]\ncpu = max\n").Single()).IsEqualTo(
        $"[{name}]: there is no such section (there are: appliance, slots, network, storage, xen, gridengine, image:NAME, queue:NAME)");

    [Test]
    public async Task All_problems_are_reported_at_once()
    {
        var problems = Problems("[slots]\nmemroy = 1GiB\ncount = many\nmemory = 5MB\n[netwrok]\nkind = user\n[appliance]\nrun_dir = run\naccel = fast\n[queue:q]\nimag = x\n");
        await Assert.That(string.Join('\n', problems.Order(StringComparer.Ordinal))).IsEqualTo(string.Join('\n',
            "[appliance] accel: 'fast' must be one of auto, kvm, tcg",
            "[appliance] run_dir: 'run' must be an absolute path",
            "[netwrok]: there is no such section (did you mean 'network'?)",
            "[queue:q] imag: there is no such key (did you mean 'image'?)",
            "[queue:q] image: is missing: name an image, or 'none' to run jobs on the node itself",
            "[slots] count: 'many' must be a whole number from 1 to 1024",
            "[slots] memory: '5MB' must be a size of at least 64MiB, such as 512MiB or 2GiB",
            "[slots] memroy: there is no such key (did you mean 'memory'?)"));
    }

    [Test]
    public async Task Values_that_cannot_be_used_leave_the_defaults_in_the_settings()
    {
        var settings = SettingsReader.Read("[slots]\ncpus = none\nmemory = 1B\n", out _, out _);
        await Assert.That((settings.Slots.Cpus, settings.Slots.Memory)).IsEqualTo((1, 1L << 30));
    }

    [Test]
    [Arguments("slots", "count", "0")]
    [Arguments("slots", "count", "1025")]
    [Arguments("slots", "count", "-1")]
    [Arguments("slots", "cpus", "1.5")]
    [Arguments("slots", "cpus", "nslots")]
    [Arguments("image:a", "cpus", "slots")]
    [Arguments("image:a", "cpus", "0")]
    [Arguments("image:a", "memory_per_slot", "1MiB")]
    [Arguments("slots", "memory", "63MiB")]
    [Arguments("slots", "memory", "1")]
    [Arguments("appliance", "batch", "slurm")]
    [Arguments("appliance", "hypervisor", "kvm")]
    [Arguments("appliance", "accel", "0")]
    [Arguments("appliance", "ready_timeout", "0s")]
    [Arguments("appliance", "ready_timeout", "120")]
    [Arguments("appliance", "lost_status", "0")]
    [Arguments("appliance", "lost_status", "256")]
    [Arguments("appliance", "state_dir", "~/state")]
    [Arguments("network", "kind", "bridge")]
    [Arguments("network", "restrict", "true")]
    [Arguments("network", "mac_prefix", "52:54")]
    [Arguments("network", "mac_prefix", "52:54:0g")]
    [Arguments("network", "mac_prefix", "52:54:00:00")]
    [Arguments("network", "subnet", "192.168.77.0")]
    [Arguments("network", "gateway", "router")]
    [Arguments("network", "gateway", "fe80::1")]
    [Arguments("network", "gateway", "1")]
    [Arguments("network", "nameservers", "8.8.8.8, 8.8.4.4")]
    [Arguments("network", "nameservers", "fd00::1")]
    [Arguments("storage", "kind", "lvm")]
    [Arguments("storage", "copy", "clone")]
    [Arguments("storage", "volume_group", "-vg")]
    [Arguments("storage", "volume_group", "a/b")]
    [Arguments("storage", "cow_size", "1MiB")]
    [Arguments("storage", "chunk", "5KiB")]
    [Arguments("storage", "chunk", "1MiB")]
    [Arguments("storage", "block", "32KiB")]
    [Arguments("storage", "dir", "disks")]
    [Arguments("xen", "scripts", "vma-block")]
    [Arguments("image:x", "identity", "cloud")]
    [Arguments("image:x", "template", "on")]
    [Arguments("image:x", "time_zone", "Europe/Berlin")]
    [Arguments("image:x", "memory", "lots")]
    [Arguments("queue:x", "lost_status", "300")]
    public async Task A_value_that_cannot_be_is_named_with_section_and_key(string section, string key, string value) =>
        await Assert.That(Problems($"[queue:x]\nimage=i\n[{section}]\n{key} = {value}\n".Replace("[queue:x]\nimage=i\n[queue:x]", "[queue:x]\nimage=i", StringComparison.Ordinal)).Single())
            .StartsWith($"[{section}] {key}: '{value}' must ");
}
