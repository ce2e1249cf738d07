using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.Processes;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>The mapped devices of a volume group: one for each slot, which stays and holds nothing (an error table) while no job has it.</summary>
sealed class SlotDevices(StorageSettings settings)
{
    const string Pool = "pool", Slot = "slot";

    /// <summary>What the uuids of a group's devices begin with.</summary>
    public string UuidPrefix => $"VMA-{settings.VolumeGroup}-";

    /// <summary>The group's pool.</summary>
    public DmDevice PoolDevice => Device(Pool);

    /// <summary>A slot's device.</summary>
    public DmDevice Of(int slot) => Device(string.Create(CultureInfo.InvariantCulture, $"{Slot}{slot}"));

    /// <summary>The slot of a device; null when it is no slot's.</summary>
    public int? SlotOf(DmDevice device) => device.Uuid.StartsWith($"{UuidPrefix}{Slot}", StringComparison.Ordinal)
        && int.TryParse(device.Uuid[(UuidPrefix.Length + Slot.Length)..], NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : null;

    /// <summary>The volume that takes what a slot's job writes.</summary>
    public static string CowVolume(int slot) => string.Create(CultureInfo.InvariantCulture, $"vma-cow-{slot}");

    /// <summary>Opens the kernel's device-mapper.</summary>
    /// <exception cref="ApplianceException">There is none, or this process may not use it.</exception>
    public static DmControl Open()
    {
        try
        {
            return new DmControl();
        }
        catch (LinuxException e)
        {
            throw Explain(e, "open device-mapper", "/dev/mapper/control");
        }
    }

    /// <summary>Makes sure that the kernel lets this process have devices.</summary>
    /// <exception cref="ApplianceException">It does not.</exception>
    public static void Require()
    {
        using var control = Open();
        try
        {
            control.Version();
        }
        catch (LinuxException e)
        {
            throw Explain(e, "use device-mapper", "/dev/mapper/control");
        }
    }

    /// <summary>Leaves a device with an error table: whatever it showed or held is out of reach. It is made if it is not there.</summary>
    public static void Blank(DmControl control, DmDevice device, ulong sectors)
    {
        if (control.Number(device) is null)
            control.Create(device);
        // Never from one snapshot straight to the next on the same volume: the kernel would hand the old job's exceptions over.
        control.Load(device, new ErrorTarget(sectors));
        DmNode.Make(device, control.Resume(device));
    }

    /// <summary>Makes sure that nobody has kept a blanked device open: he would see the next job's disk through it.</summary>
    /// <remarks>QEMU has the device open with its owner's rights, and its owner may take the descriptor from it: pidfd_getfd(2).</remarks>
    /// <exception cref="ApplianceException">Somebody has.</exception>
    public static void RequireClosed(DmControl control, DmDevice device)
    {
        if (control.OpenCount(device) != 0)
            throw new ApplianceException(Blame.Transient, "wipe disk", device.Name, "somebody still has it open from an earlier job", $"end who has: fuser -v {device.Path}");
    }

    /// <summary>Blanks a device if there is one that shows anything.</summary>
    public static void BlankIfUsed(DmControl control, DmDevice device)
    {
        // A hook that was killed between load and resume leaves a table that is not in force and holds volumes and ids all the same.
        if (control.Table(device) is { HasNext: true })
            control.Clear(device);
        if (control.Table(device) is { Kind: not "error" } table)
            Blank(control, device, Math.Max(table.Sectors, 1));
    }

    /// <summary>The slots whose devices hold anything.</summary>
    public IEnumerable<int> InUse(DmControl control) => control.List(UuidPrefix)
        .Where(d => control.Table(d) is { } table && (table.HasNext || table.Kind is not ("error" or ""))).Select(SlotOf).OfType<int>();

    /// <summary>The number of a golden disk, after a look at whether it is what was imported.</summary>
    /// <exception cref="ApplianceException">It is not on a volume, not there, of another size, or can be written.</exception>
    public static DeviceNumber Origin(GoldenDisk golden)
    {
        const string operation = "open golden disk";
        if (golden.EmptyOverlay is not null)
            throw new ApplianceException(Blame.Node, operation, golden.Path, "it is a file, and [storage] kind wants volumes", "import the image again: it goes where [storage] says");
        var number = BlockDevice.NumberOf(golden.Path) ?? throw new ApplianceException(Blame.Node, operation, golden.Path, "there is no such volume, or it is not active",
            "activate it: vgchange --activate y; if it is gone, import the image again");
        if (BlockDevice.Size(golden.Path) is var size && size != golden.Bytes)
            throw new ApplianceException(Blame.Node, operation, golden.Path, $"it has {size} bytes and had {golden.Bytes} when it was imported", "somebody has changed it: import the image again");
        return BlockDevice.IsReadOnly(golden.Path) ? number : throw new ApplianceException(Blame.Node, operation, golden.Path, "it can be written to",
            $"lvchange --permission r {golden.Path}; if anybody may have written to it, import the image again");
    }

    /// <summary>The number of a volume of the group's.</summary>
    /// <exception cref="ApplianceException">It is not there.</exception>
    public DeviceNumber Volume(string name) => BlockDevice.NumberOf(PathOf(name)) ?? throw new ApplianceException(
        Blame.Node, "open volume", $"{settings.VolumeGroup}/{name}", "there is no such volume, or it is not active",
        "make the node's volumes: vmappliance maintenance storage init; activate them: vgchange --activate y");

    /// <summary>Where a volume of the group's is.</summary>
    public string PathOf(string volume) => new VolumeGroup(settings.VolumeGroup).PathOf(volume);

    /// <summary>A failed call as a sentence for the node's administrator.</summary>
    public static ApplianceException Explain(LinuxException e, string operation, string target) => new(Blame.Node, operation, target, e.Message, e.Errno switch
    {
        Errno.EPERM or Errno.EACCES => "only root with CAP_SYS_ADMIN can do this",
        Errno.ENOENT or Errno.ENODEV => "this kernel has no device-mapper: modprobe dm_mod",
        Errno.EINVAL => "does this kernel have the target? modprobe dm_snapshot dm_thin_pool; its reason: dmesg",
        Errno.EBUSY => "somebody else uses the volume, or has a device of this name: dmsetup ls --tree",
        _ => "the kernel's reason: dmesg",
    }, e);

    DmDevice Device(string what) => new($"vma-{settings.VolumeGroup}-{what}", $"{UuidPrefix}{what}");
}
