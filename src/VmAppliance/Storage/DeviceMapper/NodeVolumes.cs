using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.Processes;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>A volume that the node needs, or has.</summary>
/// <param name="Name">Its name in the volume group.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="IsThere">Whether it is there.</param>
sealed record NodeVolume(string Name, long Bytes, string Purpose, bool IsThere);

/// <summary>The volumes of a node: made once with LVM's own commands, never touched by jobs' hooks.</summary>
sealed class NodeVolumes(StorageSettings settings, int slots)
{
    const string CowPrefix = "vma-cow-", PoolPrefix = "vma-pool-";
    const long LeastMetadata = 8L << 20, MetadataPerBlock = 64; // thin-provisioning.rst: 48 bytes per block, at least 2 MiB

    readonly VolumeGroup _group = new(settings.VolumeGroup);

    /// <summary>What is to be made, and what is there already.</summary>
    /// <exception cref="ApplianceException">A volume of such a name is not ours or too small, or the group has no room for all of them.</exception>
    public IReadOnlyList<NodeVolume> Plan()
    {
        var there = _group.Volumes().ToDictionary(v => v.Name);
        var (free, extent) = _group.Space();
        List<NodeVolume> plan = [.. Wanted().Select(w => w with { Bytes = (w.Bytes + extent - 1) / extent * extent, IsThere = there.ContainsKey(w.Name) })];
        foreach (var volume in plan.Where(v => v.IsThere))
            Check(volume, there[volume.Name]);
        var needed = plan.Where(v => !v.IsThere).Sum(v => v.Bytes);
        return needed <= free ? plan : throw new ApplianceException(Blame.Node, "make volumes", settings.VolumeGroup,
            $"{Units.Text(needed)} are needed and {Units.Text(free)} are free", "make [storage] cow_size or pool_size smaller, or [slots] count; or enlarge the group: vgextend");
    }

    /// <summary>Makes what is missing: all of it or nothing.</summary>
    /// <exception cref="ApplianceException">As <see cref="Plan"/>; or LVM failed.</exception>
    public IReadOnlyList<NodeVolume> Make()
    {
        var missing = Plan().Where(v => !v.IsThere).ToList();
        var made = new List<string>();
        try
        {
            foreach (var volume in missing)
            {
                _group.Create(volume.Name, volume.Bytes);
                made.Add(volume.Name);
            }
            return missing;
        }
        catch (ApplianceException)
        {
            made.ForEach(_group.Remove);
            throw;
        }
    }

    /// <summary>Removes devices and volumes of ours; golden images stay.</summary>
    /// <param name="dryRun">Only say what would be removed.</param>
    /// <returns>The names of the volumes.</returns>
    public IReadOnlyList<string> Remove(bool dryRun)
    {
        var ours = _group.Volumes().Where(v => v.IsOurs && (v.Name.StartsWith(CowPrefix, StringComparison.Ordinal) || v.Name.StartsWith(PoolPrefix, StringComparison.Ordinal)))
            .Select(v => v.Name).ToList();
        if (!dryRun)
        {
            RemoveDevices();
            ours.ForEach(_group.Remove);
        }
        return ours;
    }

    IEnumerable<NodeVolume> Wanted()
    {
        if (settings.Kind == StorageKind.Snapshot)
            return Enumerable.Range(0, slots).Select(slot => new NodeVolume(SlotDevices.CowVolume(slot), settings.CowSize, $"what the job of slot {slot} writes", false));
        return [new NodeVolume(ThinPool.DataVolume, settings.PoolSize, "what all jobs write", false),
            new NodeVolume(ThinPool.MetadataVolume, Math.Max(LeastMetadata, settings.PoolSize / settings.BlockSize * MetadataPerBlock), "what is where in it", false)];
    }

    void Check(NodeVolume wanted, LogicalVolume found)
    {
        var name = $"{settings.VolumeGroup}/{wanted.Name}";
        if (!found.IsOurs)
            throw new ApplianceException(Blame.Node, "make volumes", name, "there is one of this name that is not ours", "rename it: lvrename; or choose another volume group");
        if (found.Bytes < wanted.Bytes)
            throw new ApplianceException(Blame.Node, "make volumes", name, $"it has {Units.Text(found.Bytes)} and {Units.Text(wanted.Bytes)} are asked for",
                $"enlarge it: lvextend --size {wanted.Bytes}b {name}");
    }

    void RemoveDevices()
    {
        var devices = new SlotDevices(settings);
        using var control = SlotDevices.Open();
        // The slots' first: they hold the pool open.
        foreach (var device in control.List(devices.UuidPrefix).Where(d => d != devices.PoolDevice))
            Remove(control, device);
        if (control.Number(devices.PoolDevice) is null)
            return;
        using var pool = new ThinPool(devices, settings);
        pool.Deactivate(control);
    }

    static void Remove(DmControl control, DmDevice device)
    {
        if (!control.Remove(device))
            throw new ApplianceException(Blame.Transient, "remove device", device.Name, "somebody has it open", $"who? fuser -v {device.Path}");
    }
}
