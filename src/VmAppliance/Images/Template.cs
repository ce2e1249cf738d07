using System.Text.Json.Serialization;

namespace VmAppliance.Images;

/// <summary>An image that was booted, made ready and frozen: memory, devices and disk as one unit, never written again.</summary>
/// <param name="Key">Names it among the templates of its image: a digest of <paramref name="Likeness"/>.</param>
/// <param name="Likeness">What a machine must have in common with it to be resumed from it.</param>
/// <param name="Made">When.</param>
/// <param name="Cpus">Virtual cpus of its machines.</param>
/// <param name="MemoryBytes">Size of their memory.</param>
/// <param name="Sha256">Checksums of memory, state and disk, in hexadecimal.</param>
/// <param name="Volume">The logical volume that its disk is, as <c>GROUP/VOLUME</c>; null when it is a file.</param>
/// <param name="IsReadOnly">Whether what made it can do with memory that is open for reading only.</param>
sealed record Template(string Key, string Likeness, DateTimeOffset Made, int Cpus, long MemoryBytes, IReadOnlyList<string> Sha256, string? Volume = null,
    bool IsReadOnly = false)
{
    /// <summary>What made it: the first part of its likeness.</summary>
    [JsonIgnore]
    public string Maker => Likeness.Split(',')[0];

    /// <summary>Where it is.</summary>
    [JsonIgnore]
    public string Directory { get; init; } = "";

    /// <summary>Its memory, as large as the machine's, with holes where nothing was ever written.</summary>
    [JsonIgnore]
    public string Memory => $"{Directory}/memory";

    /// <summary>The state of its cpus and devices.</summary>
    [JsonIgnore]
    public string State => $"{Directory}/state";

    /// <summary>Its disk: raw, as the image's.</summary>
    [JsonIgnore]
    public string Disk => Volume is null ? $"{Directory}/disk.raw" : $"/dev/{Volume}";

    /// <summary>An overlay with nothing in it; null when the disk is a volume.</summary>
    [JsonIgnore]
    public string? EmptyOverlay => Volume is null ? $"{Directory}/empty.qcow2" : null;

    /// <summary>The files that are checksummed, in that order.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Files => [Memory, State, Disk];

    /// <summary>By what is in it: no other memory has this name.</summary>
    [JsonIgnore]
    public string MemoryName => $"vma-{Sha256[0]}";
}

/// <summary>A template that a job's machine could have been resumed from, had there been one.</summary>
/// <param name="Key">As of the template.</param>
/// <param name="Cpus">Virtual cpus.</param>
/// <param name="MemoryBytes">Size of its memory.</param>
sealed record TemplateWish(string Key, int Cpus, long MemoryBytes);
