using System.Runtime.InteropServices;

namespace VmAppliance.Linux.DeviceMapper;

/// <summary>The kernel's own structures, commands and flags under the kernel's own names: linux/dm-ioctl.h. A test compiles them against that header.</summary>
static unsafe class DmIoctl
{
    public const int DM_NAME_LEN = 128, DM_UUID_LEN = 129, DM_MAX_TYPE_NAME = 16;

    // _IOWR(0xfd, command, struct dm_ioctl)
    const uint Base = 0xC138FD00;

    public const uint DM_VERSION = Base | 0, DM_LIST_DEVICES = Base | 2, DM_DEV_CREATE = Base | 3, DM_DEV_REMOVE = Base | 4,
        DM_DEV_SUSPEND = Base | 6, DM_DEV_STATUS = Base | 7, DM_TABLE_LOAD = Base | 9, DM_TABLE_CLEAR = Base | 10, DM_TABLE_STATUS = Base | 12,
        DM_LIST_VERSIONS = Base | 13, DM_TARGET_MSG = Base | 14;

    public const uint DM_READONLY_FLAG = 1 << 0, DM_SUSPEND_FLAG = 1 << 1, DM_STATUS_TABLE_FLAG = 1 << 4, DM_ACTIVE_PRESENT_FLAG = 1 << 5, DM_INACTIVE_PRESENT_FLAG = 1 << 6,
        DM_BUFFER_FULL_FLAG = 1 << 8, DM_SKIP_LOCKFS_FLAG = 1 << 10, DM_NOFLUSH_FLAG = 1 << 11, DM_DEFERRED_REMOVE = 1 << 17;

    // For event_nr of the verbs that make udev events: libdevmapper.h, DM_UDEV_*, above a cookie that nobody waits for.
    public const uint DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG = 0x2, DM_UDEV_DISABLE_DISK_RULES_FLAG = 0x4, DM_UDEV_DISABLE_OTHER_RULES_FLAG = 0x8,
        DM_UDEV_PRIMARY_SOURCE_FLAG = 0x40;

    public const int DM_UDEV_FLAGS_SHIFT = 16;

    /// <summary>struct dm_ioctl: the head of every request and answer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dm_ioctl
    {
        public fixed uint version[3];
        public uint data_size;
        public uint data_start;
        public uint target_count;
        public int open_count;
        public uint flags;
        public uint event_nr;
        public uint padding;
        public ulong dev;
        public fixed byte name[DM_NAME_LEN];
        public fixed byte uuid[DM_UUID_LEN];
        public fixed byte data[7];
    }

    /// <summary>struct dm_target_spec: one line of a table; its parameters follow as text.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dm_target_spec
    {
        public ulong sector_start;
        public ulong length;
        public int status;
        public uint next;
        public fixed byte target_type[DM_MAX_TYPE_NAME];
    }

    /// <summary>struct dm_name_list: one device; its name follows at <see cref="NameListName"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dm_name_list
    {
        public ulong dev;
        public uint next;
    }

    /// <summary>offsetof(struct dm_name_list, name)</summary>
    public const int NameListName = 12;

    /// <summary>struct dm_target_versions: one kind of target; its name follows at <see cref="VersionsName"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dm_target_versions
    {
        public uint next;
        public fixed uint version[3];
    }

    /// <summary>offsetof(struct dm_target_versions, name)</summary>
    public const int VersionsName = 16;

    /// <summary>offsetof(struct dm_target_msg, message)</summary>
    public const int MessageText = 8;
}
