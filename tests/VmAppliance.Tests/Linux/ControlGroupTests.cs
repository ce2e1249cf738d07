using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class ControlGroupTests
{
    const string Root = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw", Cpu = "41 30 0:33 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
        Unified = "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw", Contained = "31 30 0:27 /docker/a /sys/fs/cgroup rw - cgroup2 cgroup2 rw";

    [Test]
    [Arguments("0::/system.slice/gridengine.service", Root, "/sys/fs/cgroup/system.slice/gridengine.service")]
    [Arguments("0::/", Root, "/sys/fs/cgroup")]
    [Arguments("4:memory:/a\n3:cpu,cpuacct:/b\n0::/c", Cpu + "\n" + Unified, "/sys/fs/cgroup/cpu,cpuacct/b")]
    [Arguments("3:cpuset:/b\n0::/c", Cpu + "\n" + Unified, "/sys/fs/cgroup/unified/c")]
    [Arguments("0::/docker/a/b", Contained, "/sys/fs/cgroup/b")]
    [Arguments("0::/docker/a", Contained, "/sys/fs/cgroup")]
    [Arguments("0::/docker/ab", Contained, null)]
    [Arguments("0::/a", "22 1 0:5 / /proc rw - proc proc rw", null)]
    [Arguments("", Root, null)]
    public async Task The_group_that_counts_is_found_where_it_is_mounted(string groups, string mounts, string? directory) =>
        await Assert.That(ControlGroup.Parent(groups.Split('\n'), mounts.Split('\n'))).IsEqualTo(directory);

    [Test]
    public async Task One_that_is_gone_is_not_found() => await Assert.That(ControlGroup.Open("/proc/self/nothing")).IsNull();
}
