using System.Text;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.Processes;
using static VmAppliance.Linux.DeviceMapper.DmIoctl;

namespace VmAppliance.Tests.Linux.DeviceMapper;

/// <summary>The structures, commands and flags are the kernel's: a C program that says so compiles against its header.</summary>
sealed class DmIoctlTests
{
    static readonly int s_headSize = HeadSize();

    static unsafe int HeadSize() => sizeof(dm_ioctl);

    static unsafe string Layout()
    {
        dm_ioctl head;
        dm_target_spec line;
        dm_name_list entry;
        dm_target_versions kind;
        var program = new StringBuilder("#include <stddef.h>\n#include <sys/ioctl.h>\n#include <linux/dm-ioctl.h>\n");
        void Says(string c, long value) => program.Append("_Static_assert((unsigned long)(").Append(c).Append(") == ").Append(value).Append("UL, \"").Append(c.Replace("\"", "", StringComparison.Ordinal)).Append("\");\n");
        void At(string type, string field, void* start, void* member) => Says($"offsetof(struct {type}, {field})", (byte*)member - (byte*)start);
        Says("sizeof(struct dm_ioctl)", sizeof(dm_ioctl));
        At("dm_ioctl", "version", &head, head.version);
        At("dm_ioctl", "data_size", &head, &head.data_size);
        At("dm_ioctl", "data_start", &head, &head.data_start);
        At("dm_ioctl", "target_count", &head, &head.target_count);
        At("dm_ioctl", "open_count", &head, &head.open_count);
        At("dm_ioctl", "flags", &head, &head.flags);
        At("dm_ioctl", "event_nr", &head, &head.event_nr);
        At("dm_ioctl", "dev", &head, &head.dev);
        At("dm_ioctl", "name", &head, head.name);
        At("dm_ioctl", "uuid", &head, head.uuid);
        At("dm_ioctl", "data", &head, head.data);
        Says("sizeof(struct dm_target_spec)", sizeof(dm_target_spec));
        At("dm_target_spec", "length", &line, &line.length);
        At("dm_target_spec", "status", &line, &line.status);
        At("dm_target_spec", "next", &line, &line.next);
        At("dm_target_spec", "target_type", &line, line.target_type);
        At("dm_name_list", "next", &entry, &entry.next);
        Says("offsetof(struct dm_name_list, name)", NameListName);
        At("dm_target_versions", "version", &kind, kind.version);
        Says("offsetof(struct dm_target_versions, name)", VersionsName);
        Says("offsetof(struct dm_target_msg, message)", MessageText);
        foreach (var (name, value) in Constants)
            Says(name, value);
        return program.Append("int main(void) { return 0; }\n").ToString();
    }

    static (string Name, uint Value)[] Constants =>
    [
        (nameof(DM_VERSION), DM_VERSION), (nameof(DM_LIST_DEVICES), DM_LIST_DEVICES), (nameof(DM_DEV_CREATE), DM_DEV_CREATE), (nameof(DM_DEV_REMOVE), DM_DEV_REMOVE),
        (nameof(DM_DEV_SUSPEND), DM_DEV_SUSPEND), (nameof(DM_DEV_STATUS), DM_DEV_STATUS), (nameof(DM_TABLE_LOAD), DM_TABLE_LOAD), (nameof(DM_TABLE_CLEAR), DM_TABLE_CLEAR),
        (nameof(DM_TABLE_STATUS), DM_TABLE_STATUS), (nameof(DM_LIST_VERSIONS), DM_LIST_VERSIONS), (nameof(DM_TARGET_MSG), DM_TARGET_MSG),
        (nameof(DM_READONLY_FLAG), DM_READONLY_FLAG), (nameof(DM_SUSPEND_FLAG), DM_SUSPEND_FLAG), (nameof(DM_STATUS_TABLE_FLAG), DM_STATUS_TABLE_FLAG),
        (nameof(DM_ACTIVE_PRESENT_FLAG), DM_ACTIVE_PRESENT_FLAG), (nameof(DM_INACTIVE_PRESENT_FLAG), DM_INACTIVE_PRESENT_FLAG), (nameof(DM_BUFFER_FULL_FLAG), DM_BUFFER_FULL_FLAG), (nameof(DM_SKIP_LOCKFS_FLAG), DM_SKIP_LOCKFS_FLAG),
        (nameof(DM_NOFLUSH_FLAG), DM_NOFLUSH_FLAG), (nameof(DM_DEFERRED_REMOVE), DM_DEFERRED_REMOVE), (nameof(DM_NAME_LEN), DM_NAME_LEN), (nameof(DM_UUID_LEN), DM_UUID_LEN),
        (nameof(DM_MAX_TYPE_NAME), DM_MAX_TYPE_NAME),
    ];

    static CommandResult Compile(string program)
    {
        using var directory = new TempDirectory();
        return CommandRunner.Run(["cc", "-fsyntax-only", directory.Write("layout.c", program)]);
    }

    [Test]
    public async Task All_of_it_is_the_kernels() => await Assert.That(Compile(Layout()).Errors).IsEqualTo("");

    [Test]
    public async Task A_wrong_layout_would_be_seen() =>
        await Assert.That(Compile(Layout().Replace($"== {s_headSize}UL", "== 304UL", StringComparison.Ordinal)).Errors).Contains("sizeof(struct dm_ioctl)");
}
