namespace VmAppliance.Storage;

/// <summary>A golden image as a disk store needs it.</summary>
/// <param name="Path">The raw disk, read-only for ever.</param>
/// <param name="EmptyOverlay">A qcow2 file of the same size with nothing in it, to be copied.</param>
sealed record GoldenDisk(string Path, string EmptyOverlay);

/// <summary>A lease's writable view of a golden image.</summary>
/// <param name="Path">File or block device.</param>
/// <param name="Format"><c>qcow2</c> or <c>raw</c>.</param>
/// <param name="Backing">The raw disk below an overlay; null when the disk stands alone.</param>
sealed record Disk(string Path, string Format, string? Backing);

/// <summary>Makes and drops the disks of leases.</summary>
interface IDiskStore
{
    /// <summary>A disk on which nothing was ever written, whatever was there under this name before.</summary>
    Disk Wipe(string name, GoldenDisk golden);

    /// <summary>Drops a disk; one that is gone already is no error.</summary>
    void Drop(string name);

    /// <summary>The names of all disks that are there.</summary>
    IReadOnlyList<string> Names();
}
