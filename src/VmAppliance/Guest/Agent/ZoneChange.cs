using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Gives the machine a time zone: localtime(5).</summary>
static class ZoneChange
{
    const int WorldReadable = 0x1A4; // 0644

    /// <summary>Sets it, if it is not set already.</summary>
    /// <param name="zone">The zone.</param>
    /// <param name="root">The root of the file system.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Apply(GuestZone zone, string root = "")
    {
        var local = $"{root}/etc/localtime";
        if (zone.Name is { } name && GuestZone.IsName(name) && File.Exists($"{root}/usr/share/zoneinfo/{name}"))
            ByName(local, $"{root}/etc/timezone", name);
        else if (zone.Rules.Length > 0 && !Has(local, zone.Rules))
            // The image does not know the zone: then the rules themselves are there, of which programs need no more than of a name.
            Files.Replace(local, zone.Rules, WorldReadable);
    }

    // By a link, as installers do: from it, or from Debian's own file beside it, some programs learn the name.
    static void ByName(string local, string debian, string name)
    {
        var target = $"/usr/share/zoneinfo/{name}";
        if (new FileInfo(local).LinkTarget == target)
            return;
        var next = $"{local}.new";
        File.Delete(next);
        File.CreateSymbolicLink(next, target);
        Files.Rename(next, local);
        if (File.Exists(debian))
            Files.WriteOver(debian, System.Text.Encoding.ASCII.GetBytes($"{name}\n"), WorldReadable);
    }

    static bool Has(string local, byte[] rules) => File.Exists(local) && File.ReadAllBytes(local).AsSpan().SequenceEqual(rules);
}
