using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using VmAppliance.Linux;

namespace VmAppliance.Images;

/// <summary>
/// The templates of a version of an image, each a directory of its own that appears as a whole and is never changed: <c>VERSION/template-KEY-TIME/</c>.
/// They go with the version.
/// </summary>
/// <param name="image">The image.</param>
/// <param name="volumes">Where disks are that are volumes; null where they are files.</param>
sealed class TemplateShelf(Image image, GoldenVolumes? volumes = null)
{
    const int LargestDescription = 1 << 16, FileMode = 0x124 /* 0444 */, OwnerOnly = 0x180 /* 0600 */;
    const string Prefix = "template-", Unfinished = "new-template-", Gone = "gone-template-", Wish = "wish-", VolumeNote = "volume";

    /// <summary>The newest template of a kind; null when there is none that can be read.</summary>
    public Template? Find(string key) => Directories($"{Prefix}{key}-*").OrderDescending(StringComparer.Ordinal).Select(Read).FirstOrDefault(t => t is not null);

    /// <summary>All of them that can be read.</summary>
    public IReadOnlyList<Template> List() => [.. Directories($"{Prefix}*").Order(StringComparer.Ordinal).Select(Read).OfType<Template>()];

    /// <summary>The first file of a template that is not as it was made; null when all are.</summary>
    /// <param name="template">The template.</param>
    /// <param name="thorough">Whether to compare checksums, and not only to look for the files.</param>
    public static string? Damage(Template template, bool thorough) =>
        template.Files.Where((file, i) => !File.Exists(file) || (thorough && Checksum.OfFile(file) != template.Sha256[i])).FirstOrDefault();

    /// <summary>Notes that a template would have been of use.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Want(TemplateWish wish)
    {
        if (File.Exists(PathOf(wish.Key)) || !Directory.Exists(image.Directory))
            return false;
        Files.Replace(PathOf(wish.Key), JsonSerializer.SerializeToUtf8Bytes(wish, ImageJson.Default.TemplateWish), OwnerOnly);
        return true;
    }

    /// <summary>What has been wanted and not been made.</summary>
    public IReadOnlyList<TemplateWish> Wishes() => !Directory.Exists(image.Directory) ? []
        : [.. Directory.GetFiles(image.Directory, $"{Wish}*.json").Order(StringComparer.Ordinal).Select(f => ReadAs(f, ImageJson.Default.TemplateWish)).OfType<TemplateWish>()];

    /// <summary>It has been made, or can never be.</summary>
    public void Forget(string key) => File.Delete(PathOf(key));

    /// <summary>Keeps anybody else from making a template of this version.</summary>
    /// <returns>Null when somebody is at it.</returns>
    public IDisposable? TryLock() => !Directory.Exists(image.Directory) ? null : FileLock.Try($"{image.Directory}/template.lock");

    /// <summary>The directories that somebody left who was killed while he made or removed a template. For whoever has the lock.</summary>
    public IReadOnlyList<string> Halves() => [.. Directories($"{Unfinished}*"), .. Directories($"{Gone}*")];

    /// <summary>A directory for one that is being made; whoever finds only that knows its volume, too.</summary>
    public Template Begin(Template template)
    {
        var directory = Directory.CreateDirectory($"{image.Directory}/{Unfinished}{template.Key}",
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var volume = image.Volume is null ? null : volumes?.NameOfTemplate(image.Name, image.Version);
        if (volume is not null)
            Files.Replace($"{directory}/{VolumeNote}", Encoding.UTF8.GetBytes(volume), OwnerOnly);
        return template with { Directory = directory, Volume = volume };
    }

    /// <summary>Makes a disk the template's.</summary>
    /// <param name="template">The template.</param>
    /// <param name="disk">The disk on which its machine ran.</param>
    public void Keep(Template template, string disk)
    {
        if (template.Volume is null)
            SparseCopy.Run(disk, template.Disk, OwnerOnly);
        else
            volumes!.Keep(template.Volume, disk, image.DiskBytes);
    }

    /// <summary>Puts a template in force that is complete but for its checksums and its description; those before it that nobody can use any more are removed.</summary>
    public Template Publish(Template template)
    {
        if (template.EmptyOverlay is not null)
            File.Copy(image.EmptyOverlay!, template.EmptyOverlay);
        foreach (var file in Directory.GetFiles(template.Directory))
            Files.Settle(file, FileMode);
        var complete = template with { Sha256 = [.. template.Files.Select(Checksum.OfFile)] };
        Files.Replace($"{template.Directory}/template.json", JsonSerializer.SerializeToUtf8Bytes(complete, ImageJson.Default.Template), 0x1A4 /* 0644 */);
        var directory = string.Create(CultureInfo.InvariantCulture, $"{image.Directory}/{Prefix}{template.Key}-{template.Made.UtcDateTime:yyyyMMdd'T'HHmmssfff}");
        Directory.Move(template.Directory, directory);
        foreach (var other in Directories($"{Prefix}*").Where(d => d != directory && IsOutdated(Read(d), complete)))
            Remove(other);
        return complete with { Directory = directory };
    }

    /// <summary>Removes a directory of a template, whole or half; machines that run from it go on.</summary>
    /// <returns>False when its volume is still in use: until that is over, a half of it stays.</returns>
    public bool Remove(string directory)
    {
        // No longer to be found at once; then its files. Somebody else may be doing the same.
        var gone = Path.GetFileName(directory).StartsWith(Prefix, StringComparison.Ordinal) ? $"{image.Directory}/{Gone}{Guid.NewGuid():N}" : directory;
        try
        {
            if (gone != directory)
                Directory.Move(directory, gone);
            var isFree = VolumeOf(gone) is not { } volume || volumes is null || volumes.TryRemove(volume);
            foreach (var file in isFree ? [] : Directory.GetFiles(gone).Where(f => Path.GetFileName(f) != VolumeNote))
                File.Delete(file);
            if (isFree)
                Directory.Delete(gone, recursive: true);
            return isFree;
        }
        catch (DirectoryNotFoundException)
        {
            // The other was faster.
            return true;
        }
    }

    // Of the same kind, or made by a QEMU that is not there any more.
    static bool IsOutdated(Template? other, Template present) => other is null || other.Key == present.Key || other.Maker != present.Maker;

    static Template? Read(string directory) =>
        ReadAs($"{directory}/template.json", ImageJson.Default.Template) is { } template ? template with { Directory = directory } : null;

    static string? VolumeOf(string directory) => File.Exists($"{directory}/{VolumeNote}")
        ? Encoding.UTF8.GetString(Files.ReadNoFollow($"{directory}/{VolumeNote}", LargestDescription, out _)) : null;

    static T? ReadAs<T>(string file, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Files.ReadNoFollow(file, LargestDescription, out _), type);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    string[] Directories(string pattern) => !Directory.Exists(image.Directory) ? [] : Directory.GetDirectories(image.Directory, pattern);

    string PathOf(string wish) => $"{image.Directory}/{Wish}{wish}.json";
}
