using System.Globalization;
using System.Text.Json;
using VmAppliance.Diagnostics;

namespace VmAppliance.Processes;

/// <summary>A logical volume.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="IsOurs">Whether it has our tag: no other is ever changed.</param>
/// <param name="IsOpen">Whether something holds it open, a snapshot for instance.</param>
sealed record LogicalVolume(string Name, long Bytes, bool IsOurs, bool IsOpen);

/// <summary>An LVM volume group, through LVM's own commands: lvm(8). For setting a node up; no job waits for them.</summary>
sealed class VolumeGroup(string name)
{
    /// <summary>The tag of volumes that are ours.</summary>
    public const string Tag = "vmappliance";

    const string UdevSocket = "/run/udev/control";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Where a volume's device is.</summary>
    public string PathOf(string volume) => $"/dev/{Name}/{volume}";

    /// <summary>Whether LVM could take a text as a group's name: lvm(8), VALID NAMES.</summary>
    public static bool IsName(string text) => text is { Length: > 0 and <= 64 } and not ("." or "..") && text[0] != '-'
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '_' or '.' or '-');

    /// <summary>All its volumes.</summary>
    /// <exception cref="ApplianceException">There is no such group, or LVM does not answer.</exception>
    public IReadOnlyList<LogicalVolume> Volumes() => [.. Report("lvs", "lv", "lv_name,lv_size,lv_tags,lv_device_open")
        .Select(v => new LogicalVolume(Text(v, "lv_name"), Bytes(v, "lv_size"), Text(v, "lv_tags").Split(',').Contains(Tag), Text(v, "lv_device_open").Length > 0))];

    /// <summary>A volume of ours; null when there is none.</summary>
    /// <exception cref="ApplianceException">There is one of that name that is not ours.</exception>
    public LogicalVolume? Find(string volume) => Volumes().FirstOrDefault(v => v.Name == volume) switch
    {
        { IsOurs: false } => throw new ApplianceException(Blame.Node, "find volume", $"{Name}/{volume}", "there is one of this name that is not ours",
            $"rename it, or give it to us: lvchange --addtag {Tag} {Name}/{volume}"),
        var found => found,
    };

    /// <summary>Free space and the size in which it is given out, in bytes.</summary>
    public (long Free, long Extent) Space()
    {
        var group = Report("vgs", "vg", "vg_free,vg_extent_size").Single();
        return (Bytes(group, "vg_free"), Bytes(group, "vg_extent_size"));
    }

    /// <summary>Makes a volume of ours. What its blocks held before is not touched.</summary>
    public void Create(string volume, long bytes) => Lvm("make volume", "lvcreate", "--yes", "--quiet", "--wipesignatures", "n", "--zero", "n",
        "--addtag", Tag, "--size", $"{bytes.ToString(CultureInfo.InvariantCulture)}b", "--name", volume, Name);

    /// <summary>Makes a volume read-only for the kernel and for LVM.</summary>
    public void Protect(string volume) => Lvm("protect volume", "lvchange", "--quiet", "--permission", "r", $"{Name}/{volume}");

    /// <summary>Removes a volume of ours; one that is gone is no error.</summary>
    /// <exception cref="ApplianceException">It is in use, or not ours.</exception>
    public void Remove(string volume)
    {
        if (Find(volume) is not null)
            Lvm("remove volume", "lvremove", "--yes", "--quiet", $"{Name}/{volume}");
    }

    List<JsonElement> Report(string command, string kind, string fields)
    {
        var text = Lvm("read volume group", command, "--reportformat", "json", "--units", "b", "--nosuffix", "--options", fields, Name);
        using var document = JsonDocument.Parse(text);
        return [.. document.RootElement.GetProperty("report")[0].GetProperty(kind).EnumerateArray().Select(e => e.Clone())];
    }

    // Without udev nobody would tell LVM that a device's node is there: it makes them itself, if it is told to.
    static string Lvm(string operation, params string[] argv) => CommandRunner.Require(operation, argv, Patience,
        environment: File.Exists(UdevSocket) ? [] : ["DM_DISABLE_UDEV=1"]);

    static string Text(JsonElement entry, string field) => entry.GetProperty(field).GetString() ?? "";

    static long Bytes(JsonElement entry, string field) => long.Parse(Text(entry, field), CultureInfo.InvariantCulture);
}
