using static Tmds.Linux.LibC;
using static VmAppliance.Linux.DeviceMapper.DmIoctl;

namespace VmAppliance.Linux.DeviceMapper;

/// <summary>A mapped device of ours. Verbs find it by its uuid: another one of the same name is never touched.</summary>
/// <param name="Name">Its name in /dev/mapper.</param>
/// <param name="Uuid">Its uuid.</param>
readonly record struct DmDevice(string Name, string Uuid)
{
    /// <summary>Where its node is.</summary>
    public string Path => $"/dev/mapper/{Name}";

    public override string ToString() => Name;
}

/// <summary>The device-mapper of the running kernel by ioctl(2) on /dev/mapper/control: linux/dm-ioctl.h. No libdevmapper, no udev needed.</summary>
/// <remarks>Every failure is a <see cref="LinuxException"/> that names verb and device, and has errno as a value: ENXIO no such device, EBUSY in use, EEXIST there already.</remarks>
sealed unsafe class DmControl : IDisposable
{
    const string Control = "/dev/mapper/control";

    // While udev runs it is told to make the node's link and nothing more: no scanning of a job's data by blkid in between.
    const uint Cookie = ((DM_UDEV_PRIMARY_SOURCE_FLAG | DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG
        | DM_UDEV_DISABLE_OTHER_RULES_FLAG) << DM_UDEV_FLAGS_SHIFT) | 1;

    static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(5), BetweenTries = TimeSpan.FromMilliseconds(20);

    readonly Descriptor _control = Descriptor.Open(Control, OpenMode.ReadWrite);

    /// <summary>Version of the kernel's interface.</summary>
    public Version Version()
    {
        using var request = new DmRequest();
        Call(DM_VERSION, "DM_VERSION", "", request);
        return new Version((int)request.Head->version[0], (int)request.Head->version[1], (int)request.Head->version[2]);
    }

    /// <summary>The kinds of targets that are loaded.</summary>
    public IReadOnlyList<string> TargetKinds()
    {
        using var request = new DmRequest();
        Call(DM_LIST_VERSIONS, "DM_LIST_VERSIONS", "", request);
        var kinds = new List<string>();
        for (long offset = 0; ;)
        {
            var entry = (dm_target_versions*)(request.Data + offset);
            kinds.Add(request.TextAt(offset + VersionsName));
            if (entry->next == 0)
                return kinds;
            offset += entry->next;
        }
    }

    /// <summary>All devices whose uuid begins so.</summary>
    public IReadOnlyList<DmDevice> List(string uuidPrefix) =>
        [.. Names().Select(Identify).OfType<DmDevice>().Where(d => d.Uuid.StartsWith(uuidPrefix, StringComparison.Ordinal))];

    /// <summary>Makes a device without a table.</summary>
    public void Create(DmDevice device)
    {
        using var request = new DmRequest();
        request.Name(device.Name);
        request.Uuid(device.Uuid);
        Call(DM_DEV_CREATE, "DM_DEV_CREATE", device.Name, request);
    }

    /// <summary>Gives a device its next table; <see cref="Resume"/> puts it in force.</summary>
    public void Load(DmDevice device, DmTarget target)
    {
        using var request = Of(device);
        request.Table(target);
        Call(DM_TABLE_LOAD, "DM_TABLE_LOAD", $"{device} ({target.Kind} {target.Parameters})", request);
    }

    /// <summary>Lets a device go on, with its next table if it has one. Nothing is flushed: what a wiped disk still had to write is not wanted.</summary>
    /// <returns>The device's number.</returns>
    public DeviceNumber Resume(DmDevice device)
    {
        using var request = Of(device);
        request.Head->flags = DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG;
        request.Head->event_nr = Cookie;
        Call(DM_DEV_SUSPEND, "DM_DEV_RESUME", device.Name, request);
        return DeviceNumber.Decode(request.Head->dev);
    }

    /// <summary>Drops a device's next table, and what that table holds.</summary>
    public void Clear(DmDevice device)
    {
        using var request = Of(device);
        Call(DM_TABLE_CLEAR, "DM_TABLE_CLEAR", device.Name, request);
    }

    /// <summary>Holds a device's accesses up until it is resumed.</summary>
    public void Suspend(DmDevice device)
    {
        using var request = Of(device);
        request.Head->flags = DM_SUSPEND_FLAG | DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG;
        Call(DM_DEV_SUSPEND, "DM_DEV_SUSPEND", device.Name, request);
    }

    /// <summary>Removes a device; one that is gone is no error. One that somebody has open is tried again for a while, then goes when it is closed.</summary>
    /// <returns>Whether it is gone already.</returns>
    public bool Remove(DmDevice device)
    {
        var deadline = Deadline.In(BusyPatience);
        while (!TryRemove(device, deadline.Passed ? DM_DEFERRED_REMOVE : 0))
            // Nothing tells when the last one closes it.
            _ = Poll.Readable(Deadline.In(BetweenTries), -1);
        var isGone = Number(device) is null;
        if (isGone)
            DmNode.Remove(device);
        return isGone;
    }

    /// <summary>A device's number; null when there is no such device.</summary>
    public DeviceNumber? Number(DmDevice device)
    {
        using var request = Of(device);
        return TryCall(DM_DEV_STATUS, request) switch
        {
            0 => DeviceNumber.Decode(request.Head->dev),
            Errno.ENXIO => null,
            var error => throw new LinuxException("DM_DEV_STATUS", device.Name, error),
        };
    }

    /// <summary>How many have a device open; 0 when there is no such device.</summary>
    public int OpenCount(DmDevice device)
    {
        using var request = Of(device);
        return TryCall(DM_DEV_STATUS, request) switch
        {
            0 => request.Head->open_count,
            Errno.ENXIO => 0,
            var error => throw new LinuxException("DM_DEV_STATUS", device.Name, error),
        };
    }

    /// <summary>What the table's target says of itself; null when there is no such device, empty texts when it has no table.</summary>
    public DmStatus? Status(DmDevice device) => Status(device, 0);

    /// <summary>The table's line; null when there is no such device.</summary>
    public DmStatus? Table(DmDevice device) => Status(device, DM_STATUS_TABLE_FLAG);

    /// <summary>Sends a message to the target of a device.</summary>
    public void Send(DmDevice device, string message)
    {
        using var request = Of(device);
        request.Message(message);
        Call(DM_TARGET_MSG, "DM_TARGET_MSG", $"{device} ({message})", request);
    }

    DmStatus? Status(DmDevice device, uint flags)
    {
        using var request = Of(device);
        request.Head->flags = flags | DM_NOFLUSH_FLAG;
        var error = TryCall(DM_TABLE_STATUS, request);
        if (error == Errno.ENXIO)
            return null;
        if (error != 0)
            throw new LinuxException("DM_TABLE_STATUS", device.Name, error);
        if (request.Head->target_count == 0)
            return new DmStatus("", 0, "", HasNext(request));
        var line = (dm_target_spec*)request.Data;
        return new DmStatus(new string((sbyte*)line->target_type), line->length, request.TextAt(sizeof(dm_target_spec)).Trim(), HasNext(request));
    }

    static bool HasNext(DmRequest request) => (request.Head->flags & DM_INACTIVE_PRESENT_FLAG) != 0;

    bool TryRemove(DmDevice device, uint flags)
    {
        using var request = Of(device);
        request.Head->flags = flags;
        request.Head->event_nr = Cookie;
        return TryCall(DM_DEV_REMOVE, request) switch
        {
            0 or Errno.ENXIO => true,
            Errno.EBUSY => false,
            var error => throw new LinuxException("DM_DEV_REMOVE", device.Name, error),
        };
    }

    List<string> Names()
    {
        using var request = new DmRequest();
        Call(DM_LIST_DEVICES, "DM_LIST_DEVICES", "", request);
        var names = new List<string>();
        for (long offset = 0; ;)
        {
            var entry = (dm_name_list*)(request.Data + offset);
            if (entry->dev != 0)
                names.Add(request.TextAt(offset + NameListName));
            if (entry->next == 0 || entry->dev == 0)
                return names;
            offset += entry->next;
        }
    }

    DmDevice? Identify(string name)
    {
        using var request = new DmRequest();
        request.Name(name);
        return TryCall(DM_DEV_STATUS, request) == 0 ? new DmDevice(name, request.AnsweredUuid) : null;
    }

    static DmRequest Of(DmDevice device)
    {
        var request = new DmRequest();
        request.Uuid(device.Uuid);
        return request;
    }

    void Call(uint command, string verb, string target, DmRequest request)
    {
        if (TryCall(command, request) is not 0 and var error)
            throw new LinuxException(verb, target, error);
    }

    /// <returns>errno; 0 for success.</returns>
    int TryCall(uint command, DmRequest request)
    {
        var sent = *request.Head;
        do
        {
            // The request's memory is native and stays where it is until it is disposed.
            if (ioctl(_control.Number, (int)command, request.Head) < 0)
                return Errno.Last;
        }
        while ((request.Head->flags & DM_BUFFER_FULL_FLAG) != 0 && request.Grow(sent));
        return 0;
    }

    public void Dispose() => _control.Dispose();
}

/// <summary>A target of a device's table and what it says.</summary>
/// <param name="Kind">The target's name; empty when there is no table.</param>
/// <param name="Sectors">How much it maps, in sectors of 512 bytes.</param>
/// <param name="Text">Its status, or its parameters.</param>
/// <param name="HasNext">Whether another table is loaded and waits to be put in force.</param>
sealed record DmStatus(string Kind, ulong Sectors, string Text, bool HasNext = false);
