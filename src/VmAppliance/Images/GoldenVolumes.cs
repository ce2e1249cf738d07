using System.Security.Cryptography;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>Golden disks as read-only logical volumes: one for each version of an image, and one for each template of that.</summary>
sealed class GoldenVolumes(VolumeGroup group)
{
    const string Prefix = "vma-golden-", TemplatePrefix = "vma-template-";
    const int TemplateLetters = 8;

    /// <summary>The volume of a version, as <c>GROUP/VOLUME</c>.</summary>
    public string NameOf(string image, string version) => $"{group.Name}/{Volume(image, version)}";

    /// <summary>A name for the volume of a new template of a version, as <c>GROUP/VOLUME</c>.</summary>
    public string NameOfTemplate(string image, string version) =>
        $"{group.Name}/{TemplatePrefix}{image}-{version}-{RandomNumberGenerator.GetHexString(TemplateLetters, lowercase: true)}";

    /// <summary>Makes a volume, writes a disk to it, and makes it read-only.</summary>
    /// <param name="name">What <see cref="NameOfTemplate"/> said.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="ApplianceException">The group has no room for it.</exception>
    public void Keep(string name, string disk, long bytes)
    {
        Make(name, bytes);
        SparseCopy.Over(disk, $"/dev/{name}");
        group.Protect(Path.GetFileName(name));
    }

    /// <summary>Removes a template's volume.</summary>
    /// <returns>False when a machine uses it: it stays.</returns>
    public bool TryRemove(string name)
    {
        var volume = Path.GetFileName(name);
        if (!volume.StartsWith(TemplatePrefix, StringComparison.Ordinal) || group.Find(volume) is { IsOpen: true })
            return false;
        group.Remove(volume);
        return true;
    }

    /// <summary>Makes a volume for a version; it can be written until it is protected.</summary>
    /// <exception cref="ApplianceException">The group has no room for it.</exception>
    public void Make(string image, string version, long bytes) => Make(NameOf(image, version), bytes);

    void Make(string name, long bytes)
    {
        var (free, _) = group.Space();
        if (bytes > free)
            throw new ApplianceException(Blame.Node, "make volume", name, $"{bytes >> 20} MiB are needed and {free >> 20} MiB are free",
                "remove images that nobody needs, or enlarge the group: vgextend");
        group.Create(Path.GetFileName(name), bytes);
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
        foreach (var volume in group.Volumes().Where(v => v.IsOurs && !v.IsOpen && VersionOf(image, v.Name) is { } version && !keep.Contains(version)))
            group.Remove(volume.Name);
    }

    // An image "a" must not take the volumes of an image "a-b" for its own: versions are all of one length, and so is what follows them.
    static string? VersionOf(string image, string volume) => VersionIn(volume, $"{Prefix}{image}-", 0) ?? VersionIn(volume, $"{TemplatePrefix}{image}-", 1 + TemplateLetters);

    static string? VersionIn(string volume, string prefix, int more) => volume.Length == prefix.Length + Catalogue.VersionLength + more
        && volume.StartsWith(prefix, StringComparison.Ordinal) ? volume.Substring(prefix.Length, Catalogue.VersionLength) : null;

    static string Volume(string image, string version) => $"{Prefix}{image}-{version}";
}
