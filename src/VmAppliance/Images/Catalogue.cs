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
    // No image's name begins so.
    const string Half = ".import-";

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

    /// <summary>Keeps others from importing, and from removing what imports left, for as long as this is held.</summary>
    /// <exception cref="ApplianceException">Somebody has had it for all this time.</exception>
    public IDisposable Lock(TimeSpan patience)
    {
        Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return FileLock.Wait(LockFile, patience) ?? throw FileLockTrouble.Of("lock images", LockFile, patience);
    }

    /// <summary>The same if nobody has it; null when somebody does, or there are no images.</summary>
    public IDisposable? TryLock() => Directory.Exists(Root) ? FileLock.Try(LockFile) : null;

    /// <summary>Where an import puts a version together, which has its own name when it is complete.</summary>
    public string Unfinished(string name, string version) => $"{Root}/{Half}{name}-{version}";

    /// <summary>The directories of what imports or removals left that were killed; to be called with the lock.</summary>
    public IReadOnlyList<string> Halves() => !Directory.Exists(Root) ? [] : [.. Directory.GetDirectories(Root).Where(d => Path.GetFileName(d) is var name
        && (name.StartsWith(Half, StringComparison.Ordinal) || (IsName(name) && !File.Exists(Description(name)))))];

    /// <summary>Removes one of <see cref="Halves"/>, and its volume.</summary>
    /// <exception cref="ApplianceException">Something of it is in use, or cannot be removed.</exception>
    public void Discard(string half)
    {
        var name = Path.GetFileName(half);
        if (!name.StartsWith(Half, StringComparison.Ordinal))
            Volumes?.Sweep(name, []);
        else if (name.Length > Half.Length + VersionLength + 1)
            Volumes?.Remove(name[Half.Length..^(VersionLength + 1)], name[^VersionLength..]);
        FileTree.Remove(half);
    }

    /// <summary>Gives a complete version its name and puts it in force; to be called with the lock.</summary>
    /// <param name="image">The version, which lies in the directory that <see cref="Unfinished"/> said.</param>
    /// <returns>The same, where it lies from now on.</returns>
    public Image Finish(Image image)
    {
        var directory = $"{Root}/{image.Name}/{image.Version}";
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        Directory.Move(image.Directory, directory);
        var finished = image with { Directory = directory };
        Publish(finished);
        return finished;
    }

    /// <summary>Puts a version in force, at once and as a whole, and drops the ones before it.</summary>
    public void Publish(Image image)
    {
        var before = Find(image.Name)?.Version;
        Files.Replace(Description(image.Name), JsonSerializer.SerializeToUtf8Bytes(image, ImageJson.Default.Image), 0x1A4 /* 0644 */);
        // A prolog may just be opening the version before; a machine that runs on an older one holds its files open.
        foreach (var version in Directory.GetDirectories($"{Root}/{image.Name}").Where(d => Path.GetFileName(d) != image.Version && Path.GetFileName(d) != before))
            FileTree.Remove(version);
        Volumes?.Sweep(image.Name, [image.Version, before]);
    }

    /// <summary>Removes an image.</summary>
    /// <exception cref="ApplianceException">There is none of that name.</exception>
    public void Remove(string name)
    {
        var image = Get(name);
        File.Delete(Description(image.Name));
        Volumes?.Sweep(image.Name, []);
        FileTree.Remove($"{Root}/{image.Name}");
    }

    /// <summary>Whether a text can be an image's name.</summary>
    public static bool IsName(string name) => name is { Length: > 0 and <= LongestName } and not "none" && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    string LockFile => $"{Root}/lock";

    string Description(string name) => $"{Root}/{name}/image.json";
}
