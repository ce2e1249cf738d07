using System.Text;
using Microsoft.Extensions.Configuration;

namespace VmAppliance.Configuration;

/// <summary>Turns the text of an INI file into <see cref="Settings"/>; every problem is reported, not just the first.</summary>
sealed class SettingsReader
{
    const int MostSlots = 1024;
    const long LeastMemory = 64L << 20, LeastVolume = 16L << 20;
    static readonly string[] Sections = ["appliance", "slots", "network", "storage", "xen", "gridengine", "image:NAME", "queue:NAME"];

    readonly IConfigurationRoot _ini;
    readonly List<string> _problems = [];
    readonly List<EffectiveValue> _effective = [];

    SettingsReader(IConfigurationRoot ini) => _ini = ini;

    /// <summary>Reads a configuration.</summary>
    /// <param name="text">The INI file's text; empty for the defaults.</param>
    /// <param name="problems">All that is wrong: <c>[section] key: reason</c>; empty when the settings can be used.</param>
    /// <param name="effective">Every key with the value in force, in the order of the manual.</param>
    public static Settings Read(string text, out IReadOnlyList<string> problems, out IReadOnlyList<EffectiveValue> effective)
    {
        var form = new IniForm(text);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(form.Text));
        var reader = new SettingsReader(new ConfigurationBuilder().AddIniStream(stream).Build());
        var result = reader.Settings();
        (problems, effective) = ([.. form.Problems, .. reader._problems], reader._effective);
        return result;
    }

    Settings Settings()
    {
        RefuseUnknownSections();
        var appliance = Section("appliance", Appliance);
        // How many machines there can be is a matter of their network; in the manual the slots come first.
        var first = _effective.Count;
        var network = Section("network", s => Network(s, appliance.Hypervisor));
        var ofNetwork = _effective.GetRange(first, _effective.Count - first);
        _effective.RemoveRange(first, ofNetwork.Count);
        var slots = Section("slots", s => Slots(s, network));
        _effective.AddRange(ofNetwork);
        var storage = Section("storage", s => Storage(s, appliance));
        var xen = Section("xen", Xen);
        var gridEngine = Section("gridengine", s => new GridEngineSettings(s.Text("admin_user", "sgeadmin")));
        var images = Named("image", s => Image(s, appliance, slots));
        var queues = Named("queue", s => Queue(s, appliance));
        return new Settings(appliance, slots, network, storage, xen, gridEngine, images, queues);
    }

    static ApplianceSettings Appliance(SectionReader s) => new(
        s.Word("batch", "gridengine", "gridengine"),
        s.Choice("hypervisor", HypervisorKind.Qemu, ("qemu", HypervisorKind.Qemu), ("xen", HypervisorKind.Xen)),
        s.Choice("accel", Acceleration.Auto, ("auto", Acceleration.Auto), ("kvm", Acceleration.Kvm), ("tcg", Acceleration.Tcg)),
        s.Path("run_dir", "/run/vmappliance"),
        s.Path("state_dir", "/var/lib/vmappliance"),
        s.Text("qemu", "auto"),
        s.Duration("ready_timeout", TimeSpan.FromMinutes(2)),
        s.Count("lost_status", 98, 1, 255));

    static SlotSettings Slots(SectionReader s, NetworkSettings network)
    {
        var room = network.Kind == NetworkKind.Tap ? network.Subnet.Machines : MostSlots;
        var count = s.Count("count", UsualSlots(Environment.ProcessorCount, room), 1, MostSlots);
        // Where there is room for none, the network has said so.
        if (room > 0 && count > room)
            s.Complain("count", $"each of {count} machines needs an address of its own, and [network] subnet {network.Subnet} has room for {room}");
        return new SlotSettings(count, s.Count("cpus", 1, 1, 1024), s.Size("memory", 1L << 30, LeastMemory));
    }

    /// <summary>How many slots a node has whose administrator does not say it.</summary>
    /// <param name="cores">Its cores.</param>
    /// <param name="room">How many machines its network has addresses for.</param>
    public static int UsualSlots(int cores, int room) => Math.Clamp(Math.Min(cores, room), 1, MostSlots);

    static NetworkSettings Network(SectionReader s, HypervisorKind hypervisor)
    {
        var isXen = hypervisor == HypervisorKind.Xen;
        var kind = s.Choice("kind", isXen ? NetworkKind.Tap : NetworkKind.User, ("user", NetworkKind.User), ("tap", NetworkKind.Tap));
        if (isXen && kind == NetworkKind.User)
            s.Complain("kind", "must be tap: Xen has no user-mode network");
        var restrict = s.Flag("restrict", false);
        var bridge = s.Text("bridge", "vmabr0");
        var prefix = s.Custom("mac_prefix", isXen ? "00:16:3e" : "52:54:00", MacPrefix, text => text, "must be the first three bytes of a MAC address, such as 52:54:00")!;
        var subnet = s.Custom("subnet", Subnet.Parse("192.168.77.0/24")!, Subnet.Parse, n => n.ToString(), "must be an IPv4 network such as 192.168.77.0/24")!;
        if (kind == NetworkKind.Tap && subnet.Machines == 0)
            s.Complain("subnet", $"has no room for a machine: the first one's address is number {Subnet.FirstMachine}");
        var gateway = s.Custom("gateway", "", Address, text => text, "must be an IPv4 address");
        var servers = s.Custom("nameservers", "", text => text.Split(' ').All(a => Address(a) is not null) ? text : null,
            text => text, "must be IPv4 addresses separated by blanks");
        return new NetworkSettings(kind, restrict, bridge, prefix, subnet, string.IsNullOrEmpty(gateway) ? null : gateway,
            (servers ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    static StorageSettings Storage(SectionReader s, ApplianceSettings appliance)
    {
        var isXen = appliance.Hypervisor == HypervisorKind.Xen;
        var kind = s.Choice("kind", StorageKind.Auto, ("auto", StorageKind.Auto), ("file", StorageKind.File), ("snapshot", StorageKind.Snapshot), ("thin", StorageKind.Thin));
        var copy = s.Choice("copy", isXen ? CopyKind.Full : CopyKind.Auto,
            ("auto", CopyKind.Auto), ("overlay", CopyKind.Overlay), ("reflink", CopyKind.Reflink), ("full", CopyKind.Full));
        if (isXen && copy is CopyKind.Auto or CopyKind.Overlay)
            s.Complain("copy", "must be full or reflink: Xen cannot start from an overlay");
        var directory = s.Path("dir", $"{appliance.StateDirectory}/disks");
        var group = s.Custom("volume_group", "", text => Processes.VolumeGroup.IsName(text) ? text : null, text => text, "must be the name of an LVM volume group") ?? "";
        if (kind is StorageKind.Snapshot or StorageKind.Thin && group.Length == 0)
            s.Complain("volume_group", $"is missing: kind = {(kind == StorageKind.Thin ? "thin" : "snapshot")} needs one");
        return new StorageSettings(kind != StorageKind.Auto ? kind : group.Length > 0 ? StorageKind.Snapshot : StorageKind.File, copy, directory, group,
            s.Size("cow_size", 10L << 30, LeastVolume), s.PowerOfTwo("chunk", 16L << 10, 4L << 10, 512L << 10), s.Flag("discard", false),
            s.Size("pool_size", 40L << 30, LeastVolume), s.PowerOfTwo("block", 64L << 10, 64L << 10, 1L << 30));
    }

    static XenSettings Xen(SectionReader s)
    {
        var xl = s.Custom("xl", "auto", text => text == "auto" || (text.StartsWith('/') && text.EndsWith("/xl", StringComparison.Ordinal)) ? text : null,
            text => text, "must be auto, or an absolute path that ends in /xl") ?? "auto";
        var scripts = s.Custom("scripts", "/usr/libexec/vmappliance/xen", text => text == "stock" || text.StartsWith('/') ? text : null,
            text => text, "must be the directory of vma-block and vma-vif, or 'stock' for the toolstack's own");
        return new XenSettings(xl, scripts == "stock" ? null : scripts);
    }

    static ImageSettings Image(SectionReader s, ApplianceSettings appliance, SlotSettings slots)
    {
        var image = new ImageSettings(
            s.CountOr("cpus", slots.Cpus, 1, 1024, "nslots"),
            s.Size("memory", slots.Memory, LeastMemory),
            s.OptionalSize("memory_per_slot", LeastMemory),
            s.Text("append", ""),
            s.Text("machine", appliance.UsualMachine),
            s.Text("cpu", "auto"),
            s.Duration("ready_timeout", appliance.ReadyTimeout),
            s.Choice("identity", appliance.UsualIdentity, ("port", IdentityKind.Port), ("seed", IdentityKind.Seed)),
            s.Choice("template", TemplateKind.Auto, ("auto", TemplateKind.Auto), ("off", TemplateKind.Off)),
            s.Choice("missing_directory", MissingDirectory.Refuse, ("refuse", MissingDirectory.Refuse), ("make", MissingDirectory.Make)),
            s.Choice("time_zone", ZoneKind.Node, ("node", ZoneKind.Node), ("image", ZoneKind.Image)));
        if (appliance.Hypervisor == HypervisorKind.Xen && image.Machine is not ("pv" or "pvh"))
            s.Complain("machine", "must be pv or pvh on Xen");
        if (appliance.Hypervisor == HypervisorKind.Xen && image.Identity == IdentityKind.Port)
            s.Complain("identity", "must be seed: Xen has no port");
        return image;
    }

    static QueueSettings Queue(SectionReader s, ApplianceSettings appliance)
    {
        var image = s.Text("image", "");
        if (image.Length == 0)
            s.Complain("image", "is missing: name an image, or 'none' to run jobs on the node itself");
        return new QueueSettings(image == "none" ? null : image, s.Count("lost_status", appliance.LostStatus, 1, 255));
    }

    T Section<T>(string name, Func<SectionReader, T> read)
    {
        var section = new SectionReader(name, _ini.GetSection(name), _problems, _effective);
        var result = read(section);
        section.RefuseUnknownKeys();
        return result;
    }

    Dictionary<string, T> Named<T>(string kind, Func<SectionReader, T> read)
    {
        var result = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var child in _ini.GetSection(kind).GetChildren())
        {
            if (child.Value is not null)
                _problems.Add($"[{kind}] {child.Key}: keys of a {kind} belong into a section [{kind}:NAME]");
            else
                result[child.Key] = Section($"{kind}:{child.Key}", read);
        }
        return result;
    }

    void RefuseUnknownSections()
    {
        foreach (var child in _ini.GetChildren())
        {
            if (child.Value is not null)
                _problems.Add($"{child.Key}: stands before the first section");
            else if (!Sections.Any(s => s.Split(':')[0] == child.Key))
                _problems.Add($"[{child.Key}]: there is no such section{(NearestName.Suggestion(child.Key, Sections) is { Length: > 0 } near ? near : $" (there are: {string.Join(", ", Sections)})")}");
        }
    }

    static string? MacPrefix(string text)
    {
        var bytes = text.Split(':');
        return bytes.Length == 3 && bytes.All(b => b.Length == 2 && b.All(char.IsAsciiHexDigit)) && !IsMulticast(bytes[0]) ? text : null;
    }

    static bool IsMulticast(string firstByte) => (Convert.FromHexString(firstByte)[0] & 1) == 1;

    static string? Address(string text) => Subnet.Ipv4(text) is not null ? text : null;
}
