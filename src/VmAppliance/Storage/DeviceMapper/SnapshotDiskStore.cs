using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>
/// Disks as classic device-mapper snapshots. What a slot's job writes goes to the slot's own volume; what is where on it only the running
/// kernel knows, so that wiping is forgetting, a crash wipes, and a full disk is one job's trouble.
/// </summary>
sealed class SnapshotDiskStore(StorageSettings settings, int slots) : IDiskStore
{
    const string Kind = "snapshot", Setting = "[storage] cow_size";

    readonly SlotDevices _devices = new(settings);

    public void Require() => SlotDevices.Require();

    public Disk Wipe(DiskKey key, GoldenDisk golden)
    {
        var slot = key.Slot!.Value;
        var device = _devices.Of(slot);
        try
        {
            using var control = SlotDevices.Open();
            var origin = SlotDevices.Origin(golden);
            var cow = _devices.Volume(SlotDevices.CowVolume(slot));
            var sectors = (ulong)golden.Bytes / DmTarget.SectorBytes;
            SlotDevices.Blank(control, device, sectors);
            SlotDevices.RequireClosed(control, device);
            if (settings.Discard)
                BlockDevice.Discard(_devices.PathOf(SlotDevices.CowVolume(slot)));
            Show(control, device, new SnapshotTarget(sectors, origin, cow, (ulong)settings.ChunkSize / DmTarget.SectorBytes));
            return new Disk(device.Path, "raw", null);
        }
        catch (LinuxException e)
        {
            throw SlotDevices.Explain(e, "wipe disk", device.Name);
        }
    }

    public void Drop(DiskKey key)
    {
        var device = _devices.Of(key.Slot!.Value);
        try
        {
            using var control = SlotDevices.Open();
            SlotDevices.BlankIfUsed(control, device);
        }
        catch (LinuxException e)
        {
            throw SlotDevices.Explain(e, "drop disk", device.Name);
        }
    }

    public IReadOnlyList<DiskKey> InUse()
    {
        using var control = SlotDevices.Open();
        return [.. _devices.InUse(control).Select(slot => new DiskKey(null, slot))];
    }

    public string? Trouble(DiskKey key)
    {
        using var control = SlotDevices.Open();
        var device = _devices.Of(key.Slot!.Value);
        return control.Status(device) is { Kind: Kind } status && Used(status.Text) is null
            ? $"its disk {device} is full: it could write {Units.Text(settings.CowSize)}; make {Setting} larger" : null;
    }

    public IReadOnlyList<Fill> Fills()
    {
        using var control = SlotDevices.Open();
        return [.. Enumerable.Range(0, slots).Select(slot => Level(control, slot))];
    }

    Fill Level(DmControl control, int slot)
    {
        var volume = SlotDevices.CowVolume(slot);
        var name = $"{settings.VolumeGroup}/{volume}";
        if (BlockDevice.NumberOf(_devices.PathOf(volume)) is null)
            return new Fill(name, 0, 0, "there is no such volume; make it: vmappliance maintenance storage init");
        var size = BlockDevice.Size(_devices.PathOf(volume));
        if (size < settings.CowSize)
            return new Fill(name, 0, size, $"it is smaller than {Setting}, {Units.Text(settings.CowSize)}; enlarge it: lvextend --size {settings.CowSize}b {name}");
        return control.Status(_devices.Of(slot)) is not { Kind: Kind } status ? new Fill(name, 0, size, null)
            : Used(status.Text) is { } used ? Fill.Of(name, used, size, Setting)
            : new Fill(name, size, size, $"it is full, and the job of slot {slot} has lost what it wrote; make {Setting} larger");
    }

    // After the load the kernel must know of nothing written: this is what "wiped" means.
    static void Show(DmControl control, DmDevice device, SnapshotTarget target)
    {
        control.Load(device, target);
        DmNode.Make(device, control.Resume(device));
        if (control.Status(device) is not { Kind: Kind } status || Used(status.Text) != 0)
        {
            SlotDevices.Blank(control, device, target.Sectors);
            throw new ApplianceException(Blame.Node, "wipe disk", device.Name, "the kernel still finds something on it", "is the slot's volume used by somebody else? dmsetup table");
        }
    }

    /// <summary>Bytes in use by a snapshot's status, <c>USED/TOTAL METADATA</c> in sectors; null when it says that it is full or broken.</summary>
    public static long? Used(string status) =>
        status.Split('/', ' ') is [var used, _, var metadata] && long.TryParse(used, NumberStyles.None, CultureInfo.InvariantCulture, out var all)
            && long.TryParse(metadata, NumberStyles.None, CultureInfo.InvariantCulture, out var own) ? (all - own) * DmTarget.SectorBytes : null;
}
