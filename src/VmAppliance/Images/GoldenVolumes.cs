using VmAppliance.Diagnostics;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>Golden disks as read-only logical volumes, one for each version of an image.</summary>
sealed class GoldenVolumes(VolumeGroup group)
{
    const string Prefix = "vma-golden-";

    /// <summary>The volume of a version, as <c>GROUP/VOLUME</c>.</summary>
    public string NameOf(string image, string version) => $"{group.Name}/{Volume(image, version)}";

    /// <summary>Makes a volume for a version; it can be written until it is protected.</summary>
    /// <exception cref="ApplianceException">The group has no room for it.</exception>
    public void Make(string image, string version, long bytes)
    {
        var (free, _) = group.Space();
        if (bytes > free)
            throw new ApplianceException(Blame.Node, "make volume", NameOf(image, version), $"{bytes >> 20} MiB are needed and {free >> 20} MiB are free",
                "remove images that nobody needs, or enlarge the group: vgextend");
        group.Create(Volume(image, version), bytes);
    }

    /// <summary>Makes a version's volume read-only, for ever.</summary>
    public void Protect(string image, string version) => group.Protect(Volume(image, version));

    /// <summary>Removes a version's volume; one that is gone is no error.</summary>
    public void Remove(string image, string version) => group.Remove(Volume(image, version));

    /// <summary>Removes the volumes of an image's versions; those that a machine still uses stay until the next time.</summary>
    /// <param name="image">The image.</param>
    /// <param name="keep">Versions that stay.</param>
    public void Sweep(string image, IReadOnlyCollection<string?> keep)
    {
        foreach (var volume in group.Volumes().Where(v => v.IsOurs && !v.IsOpen && IsOf(image, v.Name) && !keep.Contains(v.Name[^Catalogue.VersionLength..])))
            group.Remove(volume.Name);
    }

    // An image "a" must not take the volumes of an image "a-b" for its own: versions are all of one length.
    static bool IsOf(string image, string volume) =>
        volume.StartsWith($"{Prefix}{image}-", StringComparison.Ordinal) && volume.Length == Prefix.Length + image.Length + 1 + Catalogue.VersionLength;

    static string Volume(string image, string version) => $"{Prefix}{image}-{version}";
}
