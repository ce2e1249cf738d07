using TUnit.Core.Interfaces;
using VmAppliance.Configuration;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.Processes;
using VmAppliance.Storage;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>A volume group of the node VM's first disk, with a golden volume whose bytes are known. Tests with it run one at a time.</summary>
sealed class TestGroup : IAsyncInitializer
{
    /// <summary>Key of <c>[NotInParallel]</c>.</summary>
    public const string Alone = "volume group";

    /// <summary>Its name; the hyphen is there because device-mapper doubles it.</summary>
    public const string Name = "vg-test";

    /// <summary>Size of the golden volume: more than the smallest volume that a slot may have.</summary>
    public const long GoldenBytes = 24 << 20;

    const int Slots = 2;
    const string Disk = "/dev/vda", GoldenVolume = "vma-golden-pattern";

    /// <summary>The group.</summary>
    public VolumeGroup Group { get; } = new(Name);

    /// <summary>The golden disk.</summary>
    public GoldenDisk Golden { get; private set; } = new("", null, 0);

    /// <summary>SHA-256 of the golden disk.</summary>
    public string GoldenSum { get; private set; } = "";

    /// <summary>The slots' devices.</summary>
    public SlotDevices Devices { get; } = new(Settings(StorageKind.Snapshot));

    /// <summary>Settings of a kind with small volumes.</summary>
    public static StorageSettings Settings(StorageKind kind, long cow = 32 << 20, long pool = 64 << 20, bool discard = false) =>
        new(kind, CopyKind.Auto, "/run/vma-test/disks", Name, cow, 16 << 10, discard, pool, 64 << 10);

    /// <summary>A store whose volumes are there.</summary>
    public static IDiskStore Store(StorageSettings settings, int slots = Slots)
    {
        new NodeVolumes(settings, slots).Make();
        return settings.Kind == StorageKind.Thin ? new ThinDiskStore(settings) : new SnapshotDiskStore(settings, slots);
    }

    /// <summary>A store of a kind with small volumes, which are made when they are not there: LVM takes its time.</summary>
    public static IDiskStore Store(StorageKind kind) => !HasVolumes(kind) ? Store(Settings(kind))
        : kind == StorageKind.Thin ? new ThinDiskStore(Settings(kind)) : new SnapshotDiskStore(Settings(kind), Slots);

    /// <summary>Drops all disks; the volumes stay.</summary>
    public static void Drop()
    {
        foreach (var kind in new[] { StorageKind.Snapshot, StorageKind.Thin }.Where(HasVolumes))
            for (var slot = 0; slot < Slots; slot++)
                Store(kind).Drop(new DiskKey(null, slot));
    }

    static bool HasVolumes(StorageKind kind) => File.Exists($"/dev/{Name}/{(kind == StorageKind.Thin ? ThinPool.MetadataVolume : SlotDevices.CowVolume(Slots - 1))}");

    public Task InitializeAsync()
    {
        Tool.Run("modprobe", "-a", "dm_snapshot", "dm_thin_pool");
        if (Group.Name is var name && !Directory.Exists($"/dev/{name}"))
        {
            Tool.Run("pvcreate", "-q", "-y", Disk);
            Tool.Run("vgcreate", "-q", name, Disk);
            Group.Create(GoldenVolume, GoldenBytes);
            Bytes.Fill(Group.PathOf(GoldenVolume), GoldenBytes, seed: 1);
            Group.Protect(GoldenVolume);
        }
        Golden = new GoldenDisk(Group.PathOf(GoldenVolume), null, GoldenBytes);
        GoldenSum = Bytes.Sum(Golden.Path);
        return Task.CompletedTask;
    }

    /// <summary>Takes all that is not the golden volume away again.</summary>
    public static void Clear()
    {
        foreach (var kind in new[] { StorageKind.Snapshot, StorageKind.Thin })
            new NodeVolumes(Settings(kind), 1).Remove(dryRun: false);
    }

    /// <summary>All devices of ours in the kernel, by name.</summary>
    public string OurDevices()
    {
        using var control = new DmControl();
        return string.Join(' ', control.List(Devices.UuidPrefix).Select(d => $"{d.Name}:{control.Table(d)!.Kind}").Order(StringComparer.Ordinal));
    }
}
