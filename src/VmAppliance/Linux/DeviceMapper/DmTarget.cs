using System.Globalization;

namespace VmAppliance.Linux.DeviceMapper;

/// <summary>A device by its number.</summary>
/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>A number as <c>dm_ioctl.dev</c> and stat(2) have it: huge_encode_dev of the kernel.</summary>
    public static DeviceNumber Decode(ulong dev) => new((uint)((dev >> 8) & 0xFFF), (uint)((dev & 0xFF) | ((dev >> 12) & 0xFFFFFF00)));

    /// <summary>As mknod(2) wants it.</summary>
    public ulong Encoded => (Minor & 0xFF) | ((ulong)Major << 8) | ((ulong)(Minor & 0xFFFFFF00) << 12);

    /// <summary><c>MAJOR:MINOR</c>, as tables name devices.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}:{Minor}");
}

/// <summary>One line of a device's table: Documentation/admin-guide/device-mapper of the kernel.</summary>
/// <param name="Kind">The target's name.</param>
/// <param name="Sectors">How much of the device it maps, in sectors of 512 bytes.</param>
abstract record DmTarget(string Kind, ulong Sectors)
{
    /// <summary>Bytes of a sector.</summary>
    public const int SectorBytes = 512;

    /// <summary>The rest of the line.</summary>
    public abstract string Parameters { get; }
}

/// <summary>Every access fails; nothing is held.</summary>
sealed record ErrorTarget(ulong Sectors) : DmTarget("error", Sectors)
{
    public override string Parameters => "";
}

/// <summary>A writable view of a device that is never written: snapshot.rst. Non-persistent: what was written is known to the running kernel only.</summary>
/// <param name="Origin">The device below.</param>
/// <param name="Cow">The device that takes what is written.</param>
/// <param name="ChunkSectors">What is copied at a time, a power of 2.</param>
sealed record SnapshotTarget(ulong Sectors, DeviceNumber Origin, DeviceNumber Cow, ulong ChunkSectors) : DmTarget("snapshot", Sectors)
{
    // ORIGIN COW N|P CHUNK
    public override string Parameters => string.Create(CultureInfo.InvariantCulture, $"{Origin} {Cow} N {ChunkSectors}");
}

/// <summary>Space that thin devices share: thin-provisioning.rst. Blocks are zeroed before they are given out, and a full pool fails writes at once.</summary>
/// <param name="Metadata">Device of the metadata.</param>
/// <param name="Data">Device of the data.</param>
/// <param name="BlockSectors">What is given out at a time.</param>
/// <param name="LowWaterBlocks">Fewer free blocks than this raise an event.</param>
sealed record ThinPoolTarget(ulong Sectors, DeviceNumber Metadata, DeviceNumber Data, ulong BlockSectors, ulong LowWaterBlocks) : DmTarget("thin-pool", Sectors)
{
    // METADATA DATA BLOCK LOW_WATER COUNT FEATURE…; never skip_block_zeroing: it would show an earlier job's data.
    public override string Parameters => string.Create(CultureInfo.InvariantCulture, $"{Metadata} {Data} {BlockSectors} {LowWaterBlocks} 1 error_if_no_space");
}

/// <summary>A device in a pool, on top of another one that is never written.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Id">Its id there.</param>
/// <param name="Origin">The device below.</param>
sealed record ThinTarget(ulong Sectors, DeviceNumber Pool, int Id, DeviceNumber Origin) : DmTarget("thin", Sectors)
{
    // POOL ID EXTERNAL_ORIGIN
    public override string Parameters => string.Create(CultureInfo.InvariantCulture, $"{Pool} {Id} {Origin}");
}
