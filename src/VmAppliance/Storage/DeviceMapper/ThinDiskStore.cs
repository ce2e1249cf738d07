using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>Disks as thin devices on top of the golden volume: the slots share one pool's space.</summary>
sealed class ThinDiskStore(StorageSettings settings) : IDiskStore
{
    const string Kind = "thin", Setting = "[storage] pool_size";

    readonly SlotDevices _devices = new(settings);

    public void Require() => SlotDevices.Require();

    public Disk Wipe(DiskKey key, GoldenDisk golden)
    {
        var slot = key.Slot!.Value;
        var device = _devices.Of(slot);
        try
        {
            using var control = SlotDevices.Open();
            using var pool = new ThinPool(_devices, settings);
            var origin = SlotDevices.Origin(golden);
            var sectors = (ulong)golden.Bytes / DmTarget.SectorBytes;
            SlotDevices.Blank(control, device, sectors);
            SlotDevices.RequireClosed(control, device);
            pool.Delete(control, slot);
            var (number, id) = pool.Create(control, slot);
            Show(control, device, new ThinTarget(sectors, number, id, origin));
            return new Disk(device.Path, "raw", null);
        }
        catch (LinuxException e)
        {
            throw SlotDevices.Explain(e, "wipe disk", device.Name);
        }
    }

    public void Drop(DiskKey key)
    {
        var slot = key.Slot!.Value;
        try
        {
            using var control = SlotDevices.Open();
            using var pool = new ThinPool(_devices, settings);
            SlotDevices.BlankIfUsed(control, _devices.Of(slot));
            pool.Delete(control, slot);
        }
        catch (LinuxException e)
        {
            throw SlotDevices.Explain(e, "drop disk", _devices.Of(slot).Name);
        }
    }

    public IReadOnlyList<DiskKey> InUse()
    {
        using var control = SlotDevices.Open();
        using var pool = new ThinPool(_devices, settings);
        return [.. _devices.InUse(control).Union(pool.Slots).Select(slot => new DiskKey(null, slot))];
    }

    public string? Trouble(DiskKey key)
    {
        using var control = SlotDevices.Open();
        return control.Status(_devices.Of(key.Slot!.Value)) is { Kind: Kind } && ThinPool.Status(control, _devices) is { } status && Complaint(status) is { } complaint
            ? $"the pool of its disk, {_devices.PoolDevice}, {complaint}" : null;
    }

    public IReadOnlyList<Fill> Fills()
    {
        using var control = SlotDevices.Open();
        var name = $"{settings.VolumeGroup}/{ThinPool.DataVolume}";
        if (BlockDevice.NumberOf(_devices.PathOf(ThinPool.DataVolume)) is null)
            return [new Fill(name, 0, 0, "there is no such volume; make it: vmappliance maintenance storage init")];
        var total = BlockDevice.Size(_devices.PathOf(ThinPool.DataVolume));
        if (ThinPool.Status(control, _devices) is not { } status)
            return [new Fill(name, 0, total, null)];
        var used = Used(status, settings.BlockSize) ?? total;
        return [Complaint(status) is { } complaint ? new Fill(name, used, total, $"it {complaint}") : Fill.Of(name, used, total, Setting)];
    }

    static void Show(DmControl control, DmDevice device, ThinTarget target)
    {
        control.Load(device, target);
        DmNode.Make(device, control.Resume(device));
        if (control.Status(device) is not { Kind: Kind } status || status.Text.Split(' ')[0] != "0")
        {
            SlotDevices.Blank(control, device, target.Sectors);
            throw new ApplianceException(Blame.Node, "wipe disk", device.Name, "the pool still finds something on it", "dmsetup status; vmappliance maintenance storage status");
        }
    }

    /// <summary>Bytes in use by a pool's status; null when it does not tell.</summary>
    public static long? Used(string status, long blockSize) => status.Split(' ') is [_, _, var data, ..]
        && long.TryParse(data.Split('/')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) ? blocks * blockSize : null;

    // out_of_data_space, ro and Fail are the kernel's words.
    string? Complaint(string status) => status.Split(' ') is var words && words.Contains("out_of_data_space")
        ? $"is full: all jobs together could write {Units.Text(settings.PoolSize)}; make {Setting} larger"
        : words.Contains("ro") || words.Contains("Fail") || words.Contains("Error") ? "has failed (dmesg says why); when no job runs: vmappliance maintenance storage remove, then init" : null;
}
