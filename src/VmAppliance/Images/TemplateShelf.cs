using System.Security.Cryptography;
using System.Text.Json;
using VmAppliance.Linux;

namespace VmAppliance.Images;

/// <summary>The templates of a version of an image: <c>VERSION/template-KEY/</c>. They go with it.</summary>
/// <param name="image">The image.</param>
sealed class TemplateShelf(Image image)
{
    const int LargestDescription = 1 << 16;
    const string Prefix = "template-", Unfinished = "new-template-";

    /// <summary>A template; null when there is none.</summary>
    public Template? Find(string key)
    {
        var description = $"{image.Directory}/{Prefix}{key}/template.json";
        if (!File.Exists(description))
            return null;
        return JsonSerializer.Deserialize(Files.ReadNoFollow(description, LargestDescription, out _), ImageJson.Default.Template) is { } template
            ? template with { Directory = $"{image.Directory}/{Prefix}{key}" } : null;
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Template> List() => [.. Directory.GetDirectories(image.Directory, $"{Prefix}*")
        .Select(d => Find(Path.GetFileName(d)[Prefix.Length..])).OfType<Template>()];

    /// <summary>Keeps anybody else from making a template of this version, and removes what was left of one that was killed at it.</summary>
    /// <returns>Null when somebody is at it.</returns>
    public IDisposable? TryLock()
    {
        if (FileLock.Try($"{image.Directory}/template.lock") is not { } held)
            return null;
        foreach (var directory in Directory.GetDirectories(image.Directory, $"{Unfinished}*"))
            Directory.Delete(directory, recursive: true);
        return held;
    }

    /// <summary>An empty directory for one that is being made.</summary>
    public string Begin(string key)
    {
        var directory = $"{image.Directory}/{Unfinished}{key}";
        return Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }

    /// <summary>Puts a template in force that is complete but for its checksums and its description.</summary>
    public Template Publish(Template template)
    {
        var unfinished = template with { Directory = $"{image.Directory}/{Unfinished}{template.Key}" };
        File.Copy(image.EmptyOverlay!, unfinished.EmptyOverlay);
        foreach (var file in Directory.GetFiles(unfinished.Directory))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        template = unfinished with { Sha256 = [Checksum(unfinished.Memory), Checksum(unfinished.State), Checksum(unfinished.Disk)] };
        Files.Replace($"{unfinished.Directory}/template.json", JsonSerializer.SerializeToUtf8Bytes(template, ImageJson.Default.Template), 0x1A4 /* 0644 */);
        Remove(template.Key);
        Directory.Move(unfinished.Directory, $"{image.Directory}/{Prefix}{template.Key}");
        return Find(template.Key)!;
    }

    /// <summary>Removes a template; machines that run from it go on.</summary>
    public void Remove(string key)
    {
        // No longer to be found at once; then its files.
        var directory = $"{image.Directory}/{Prefix}{key}";
        if (!Directory.Exists(directory))
            return;
        File.Delete($"{directory}/template.json");
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Removes what there is of one that could not be completed.</summary>
    public void Abandon(string key) => Directory.Delete($"{image.Directory}/{Unfinished}{key}", recursive: true);

    static string Checksum(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
