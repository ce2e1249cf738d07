using System.Text.Json;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>The images of this node: <c>images/NAME/image.json</c> names the version in force, <c>images/NAME/VERSION/</c> holds it.</summary>
/// <param name="stateDirectory">The images are below it.</param>
/// <param name="group">Where disks are volumes: the group; null where they are files.</param>
sealed class Catalogue(string stateDirectory, VolumeGroup? group = null)
{
    const int LongestName = 64;
    const int LargestDescription = 1 << 16;

    /// <summary>Letters of a version: <c>20261125T063000-1a2b3c</c>.</summary>
    public const int VersionLength = 22;

    /// <summary>Where the images are.</summary>
    public string Root { get; } = $"{stateDirectory}/images";

    /// <summary>Where golden disks go that are volumes; null where they are files.</summary>
    public GoldenVolumes? Volumes { get; } = group is null ? null : new GoldenVolumes(group);

    /// <summary>All images, by name.</summary>
    public IReadOnlyList<Image> List() => !Directory.Exists(Root) ? []
        : [.. Directory.GetDirectories(Root).Select(d => Find(Path.GetFileName(d))).OfType<Image>().OrderBy(i => i.Name, StringComparer.Ordinal)];

    /// <summary>An image that must be there.</summary>
    /// <exception cref="ApplianceException">There is none of that name.</exception>
    public Image Get(string name) => Find(name) ?? throw new ApplianceException(Blame.Node, "find image", name, "it is not in the catalogue",
        List() is { Count: > 0 } images ? $"there are: {string.Join(", ", images.Select(i => i.Name))}"
            : $"import one: vmappliance maintenance image import {name} --disk FILE --kernel FILE");

    /// <summary>An image; null when there is none of that name.</summary>
    public Image? Find(string name)
    {
        if (!IsName(name) || !File.Exists(Description(name)))
            return null;
        var content = Files.ReadNoFollow(Description(name), LargestDescription, out _);
        return JsonSerializer.Deserialize(content, ImageJson.Default.Image) is { } image
            ? image with { Directory = $"{Root}/{name}/{image.Version}" } : null;
    }

    /// <summary>Puts a version in force, at once and as a whole, and drops the ones before it.</summary>
    public void Publish(Image image)
    {
        var before = Find(image.Name)?.Version;
        Files.Replace(Description(image.Name), JsonSerializer.SerializeToUtf8Bytes(image, ImageJson.Default.Image), 0x1A4 /* 0644 */);
        // A prolog may just be opening the version before; a machine that runs on an older one holds its files open.
        foreach (var version in Directory.GetDirectories($"{Root}/{image.Name}").Where(d => Path.GetFileName(d) != image.Version && Path.GetFileName(d) != before))
            Directory.Delete(version, recursive: true);
        Volumes?.Sweep(image.Name, [image.Version, before]);
    }

    /// <summary>Removes an image.</summary>
    /// <exception cref="ApplianceException">There is none of that name.</exception>
    public void Remove(string name)
    {
        var image = Get(name);
        File.Delete(Description(image.Name));
        Volumes?.Sweep(image.Name, []);
        Directory.Delete($"{Root}/{image.Name}", recursive: true);
    }

    /// <summary>Whether a text can be an image's name.</summary>
    public static bool IsName(string name) => name is { Length: > 0 and <= LongestName } and not "none" && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    string Description(string name) => $"{Root}/{name}/image.json";
}
