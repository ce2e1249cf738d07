using VmAppliance.Configuration;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Images;
using VmAppliance.Processes;
using VmAppliance.Storage;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.Jobs;

/// <summary>This node as its configuration describes it: the one place where the rooms below are put together.</summary>
sealed class Node(Settings settings)
{
    /// <summary>The configuration.</summary>
    public Settings Settings { get; } = settings;

    /// <summary>Who holds which slot.</summary>
    public LeaseStore Leases { get; } = new(settings.Appliance.RunDirectory, settings.Slots.Count);

    /// <summary>How often jobs have come in vain.</summary>
    public TryStore Tries { get; } = new(settings.Appliance.RunDirectory);

    /// <summary>The golden images.</summary>
    public Catalogue Images { get; } = new(settings.Appliance.StateDirectory, settings.Storage.Kind == StorageKind.File ? null : new VolumeGroup(settings.Storage.VolumeGroup));

    /// <summary>The templates of an image.</summary>
    public TemplateShelf Shelf(Image image) => new(image, Images.Volumes);

    /// <summary>Makes and drops disks.</summary>
    public IDiskStore Disks { get; } = settings.Storage.Kind switch
    {
        StorageKind.Snapshot => new SnapshotDiskStore(settings.Storage, settings.Slots.Count),
        StorageKind.Thin => new ThinDiskStore(settings.Storage),
        _ => new FileDiskStore(settings.Storage),
    };

    /// <summary>Runs machines.</summary>
    public IHypervisor Hypervisor { get; } = settings.Appliance.Hypervisor == HypervisorKind.Xen
        ? new XenHypervisor(settings.Xen) : new QemuHypervisor(settings.Appliance);
}
