namespace VmAppliance.Storage;

/// <summary>A golden image as a disk store needs it.</summary>
/// <param name="Path">The raw disk, read-only for ever: a file or a block device.</param>
/// <param name="EmptyOverlay">A qcow2 file of the same size with nothing in it, to be copied; null for an image on a volume.</param>
/// <param name="Bytes">Size of the disk when it was imported.</param>
sealed record GoldenDisk(string Path, string? EmptyOverlay, long Bytes);

/// <summary>A lease's writable view of a golden image.</summary>
/// <param name="Path">File or block device.</param>
/// <param name="Format"><c>qcow2</c> or <c>raw</c>.</param>
/// <param name="Backing">The raw disk below an overlay; null when the disk stands alone.</param>
sealed record Disk(string Path, string Format, string? Backing);

/// <summary>Whose disk it is. A lease knows both; a disk that was found may tell only one.</summary>
/// <param name="Job">The job; null when the disk does not tell.</param>
/// <param name="Slot">The slot; null when the disk does not tell.</param>
readonly record struct DiskKey(string? Job, int? Slot)
{
    /// <summary>Whether it is the disk of a lease.</summary>
    public bool IsOf(string job, int slot) => (Job ?? job) == job && (Slot ?? slot) == slot;

    public override string ToString() => Job ?? $"slot {Slot}";
}

/// <summary>How full a place is that disks take their space from.</summary>
/// <param name="Name">The place.</param>
/// <param name="UsedBytes">Bytes in use.</param>
/// <param name="TotalBytes">Bytes in all.</param>
/// <param name="Warning">What is wrong with it, or soon will be; null when all is well.</param>
sealed record Fill(string Name, long UsedBytes, long TotalBytes, string? Warning)
{
    const double Alarming = 0.9;

    /// <summary>A fill level with the usual warning.</summary>
    public static Fill Of(string name, long used, long total, string setting) => new(name, used, total,
        used >= total * Alarming ? $"it is {100 * used / Math.Max(total, 1)} % full; make {setting} larger" : null);
}

/// <summary>Makes and drops the disks of leases.</summary>
interface IDiskStore
{
    /// <summary>Makes sure, before anything else is done for a job, that disks can be made on this node at all.</summary>
    /// <exception cref="Diagnostics.ApplianceException">They cannot.</exception>
    void Require();

    /// <summary>A disk on which nothing was ever written, whatever was there before.</summary>
    /// <exception cref="Diagnostics.ApplianceException">It cannot be made; nothing of it is left.</exception>
    Disk Wipe(DiskKey key, GoldenDisk golden);

    /// <summary>Drops a disk; one that is gone already is no error.</summary>
    void Drop(DiskKey key);

    /// <summary>All disks that somebody uses, or used when the node crashed.</summary>
    IReadOnlyList<DiskKey> InUse();

    /// <summary>Why a disk failed its job, as the end of a sentence; null when it did not.</summary>
    string? Trouble(DiskKey key);

    /// <summary>How full it is.</summary>
    IReadOnlyList<Fill> Fills();
}
