using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.Processes;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>
/// A thin pool of our own on two plain volumes (LVM would not bear with foreign messages to one of its own). Nothing in it outlives a job,
/// so it is made anew after each boot, and there is no metadata to be repaired. Held, it is this process's alone.
/// </summary>
sealed class ThinPool : IDisposable
{
    /// <summary>Its volumes.</summary>
    public const string DataVolume = "vma-pool-data", MetadataVolume = "vma-pool-meta";

    const string Kind = "thin-pool";
    const int SuperblockBytes = 4096;
    const int MostRefusals = 1000;
    const ulong LowWaterShare = 10;

    // Everybody's turn is some messages to the pool, each of which waits for its disk.
    static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(5);

    readonly SlotDevices _devices;
    readonly StorageSettings _settings;
    readonly FileLock _alone;
    readonly ThinIds _ids;

    /// <summary>Takes the pool for this process, waiting for whoever has it.</summary>
    /// <param name="devices">Its devices.</param>
    /// <param name="settings">Where it is.</param>
    /// <param name="patience">How long to wait; null as long as everybody's turn may take.</param>
    /// <exception cref="ApplianceException">Somebody has had it for all this time.</exception>
    public ThinPool(SlotDevices devices, StorageSettings settings, TimeSpan? patience = null)
    {
        (_devices, _settings) = (devices, settings);
        Directory.CreateDirectory(settings.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = $"{settings.Directory}/{settings.VolumeGroup}.lock";
        _alone = FileLock.Wait(path, patience ?? LockPatience) ?? throw FileLockTrouble.Of("lock thin pool", path, patience ?? LockPatience);
        _ids = new ThinIds($"{settings.Directory}/{settings.VolumeGroup}.ids");
    }

    /// <summary>What it says of itself: <c>TRANSACTION USED/TOTAL USED/TOTAL ROOT rw|ro|out_of_data_space …</c>, or <c>Fail</c>; null while it is not there.</summary>
    public static string? Status(DmControl control, SlotDevices devices) => control.Status(devices.PoolDevice) is { Kind: Kind } status ? status.Text : null;

    /// <summary>Slots that ids were handed out to.</summary>
    public IEnumerable<int> Slots => _ids.Live.Select(l => l.Slot).Distinct();

    /// <summary>A new thin device for a slot.</summary>
    /// <returns>The pool's number and the device's id in it.</returns>
    public (DeviceNumber Pool, int Id) Create(DmControl control, int slot)
    {
        var pool = Activate(control);
        // What the pool still knows (a table lost, a crash) it refuses by itself.
        for (var refusals = 0; ; refusals++)
        {
            var id = _ids.Take(slot);
            try
            {
                control.Send(_devices.PoolDevice, string.Create(CultureInfo.InvariantCulture, $"create_thin {id}"));
                return (pool, id);
            }
            catch (LinuxException e) when (e.Errno == Errno.EEXIST && refusals < MostRefusals)
            {
                _ids.Forget(id);
            }
        }
    }

    /// <summary>Deletes a slot's thin devices, which nothing may use any more.</summary>
    public void Delete(DmControl control, int slot)
    {
        var isThere = Status(control, _devices) is not null;
        foreach (var live in _ids.Live.Where(l => l.Slot == slot).ToList())
        {
            try
            {
                if (isThere)
                    control.Send(_devices.PoolDevice, string.Create(CultureInfo.InvariantCulture, $"delete {live.Id}"));
            }
            catch (LinuxException e) when (e.Errno == Errno.ENODATA)
            {
                // Handed out, and the hook was killed before the pool heard of it.
            }
            _ids.Forget(live.Id);
        }
    }

    /// <summary>Takes the pool out of the kernel.</summary>
    public void Deactivate(DmControl control)
    {
        control.Remove(_devices.PoolDevice);
        _ids.Reset();
    }

    DeviceNumber Activate(DmControl control)
    {
        var device = _devices.PoolDevice;
        if (control.Table(device) is { Kind: Kind })
            return control.Number(device)!.Value;
        DeviceNumber metadata = _devices.Volume(MetadataVolume), data = _devices.Volume(DataVolume);
        // A pool that is only half there, because a hook was killed, lets go of the metadata first.
        if (control.Table(device) is not { } half)
            control.Create(device);
        else if (half.HasNext)
            control.Clear(device);
        _ids.Reset();
        BlockDevice.ZeroHead(_devices.PathOf(MetadataVolume), SuperblockBytes);
        var sectors = (ulong)BlockDevice.Size(_devices.PathOf(DataVolume)) / DmTarget.SectorBytes;
        var block = (ulong)_settings.BlockSize / DmTarget.SectorBytes;
        control.Load(device, new ThinPoolTarget(sectors, metadata, data, block, sectors / block / LowWaterShare));
        var number = control.Resume(device);
        DmNode.Make(device, number);
        return number;
    }

    public void Dispose() => _alone.Dispose();
}
