using System.Text.Json.Serialization;

namespace VmAppliance.Images;

/// <summary>A golden operating system as it lies in the catalogue; never written after import.</summary>
/// <param name="Name">What queues call it.</param>
/// <param name="Version">Changes with every import.</param>
/// <param name="Imported">When.</param>
/// <param name="DiskBytes">Size of its disk.</param>
/// <param name="DiskSha256">Checksum of its disk, in hexadecimal.</param>
/// <param name="HasInitrd">Whether it boots with an initial RAM disk.</param>
/// <param name="Append">Kernel arguments that it needs.</param>
/// <param name="Volume">The logical volume that its disk is, as <c>GROUP/VOLUME</c>; null when it is a file.</param>
/// <param name="HasUnpacked">Whether its kernel could be unpacked, as Xen wants it.</param>
sealed record Image(string Name, string Version, DateTimeOffset Imported, long DiskBytes, string DiskSha256, bool HasInitrd, string Append, string? Volume = null, bool HasUnpacked = false)
{
    /// <summary>The directory of this version.</summary>
    [JsonIgnore]
    public string Directory { get; init; } = "";

    /// <summary>The raw disk.</summary>
    [JsonIgnore]
    public string Disk => Volume is null ? $"{Directory}/disk.raw" : $"/dev/{Volume}";

    /// <summary>An overlay with nothing in it; null when the disk is a volume.</summary>
    [JsonIgnore]
    public string? EmptyOverlay => Volume is null ? $"{Directory}/empty.qcow2" : null;

    /// <summary>The kernel as it was given: what QEMU starts.</summary>
    [JsonIgnore]
    public string Kernel => $"{Directory}/kernel";

    /// <summary>The same, unpacked: what Xen starts; null when it could not be unpacked.</summary>
    [JsonIgnore]
    public string? Unpacked => HasUnpacked ? UnpackedFile : null;

    /// <summary>Where the unpacked kernel is, or would be.</summary>
    [JsonIgnore]
    public string UnpackedFile => $"{Directory}/vmlinux";

    /// <summary>The initial RAM disk; null when there is none.</summary>
    [JsonIgnore]
    public string? Initrd => HasInitrd ? $"{Directory}/initrd" : null;

    /// <summary>Whether its disk is, byte for byte, what was imported.</summary>
    public bool IsIntact() => Checksum.OfFile(Disk) == DiskSha256;
}

/// <summary>JSON of the catalogue.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Image))]
[JsonSerializable(typeof(Template))]
[JsonSerializable(typeof(TemplateWish))]
sealed partial class ImageJson : JsonSerializerContext;
