using VmAppliance.Configuration;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Images;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>This node as its configuration describes it: the one place where the rooms below are put together.</summary>
sealed class Node(Settings settings)
{
    /// <summary>The configuration.</summary>
    public Settings Settings { get; } = settings;

    /// <summary>Who holds which slot.</summary>
    public LeaseStore Leases { get; } = new(settings.Appliance.RunDirectory, settings.Slots.Count);

    /// <summary>The golden images.</summary>
    public Catalogue Images { get; } = new(settings.Appliance.StateDirectory);

    /// <summary>Makes and drops disks.</summary>
    public IDiskStore Disks { get; } = new FileDiskStore(settings.Storage);

    /// <summary>Runs machines.</summary>
    public IHypervisor Hypervisor { get; } = new QemuHypervisor(settings.Appliance);
}
