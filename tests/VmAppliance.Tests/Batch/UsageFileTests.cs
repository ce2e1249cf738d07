using VmAppliance.Batch;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Batch;

sealed class UsageFileTests
{
    const string Before = "wait_status=0\nexit_status=3\nru_wallclock=12\nru_utime=0.250000\nru_stime=1.500000\nru_maxrss=2048\nru_ixrss=0\nend_time=1700000000\n";

    [Test]
    public async Task The_machines_usage_is_added_and_all_else_stays() =>
        await Assert.That(UsageFile.Added(Before, TimeSpan.FromSeconds(10.5), TimeSpan.FromMilliseconds(250), 100_000)).IsEqualTo(
            "wait_status=0\nexit_status=3\nru_wallclock=12\nru_utime=10.75\nru_stime=1.75\nru_maxrss=102048\nru_ixrss=0\nend_time=1700000000\n");

    [Test]
    [Arguments(Before, 3)]
    [Arguments("wait_status=9\n", null)]
    [Arguments("exit_status=\n", null)]
    [Arguments("exit_status=-1\n", null)]
    [Arguments("my_exit_status=1\nexit_status=99", 99)]
    public async Task The_status_is_what_stands_there_or_not_known(string text, int? status) =>
        await Assert.That(UsageFile.ExitStatusOf(text)).IsEqualTo(status);

    [Test]
    public async Task Where_there_is_no_file_no_status_is_known()
    {
        using var directory = new TempDirectory();
        await Assert.That(UsageFile.ExitStatus(directory.Path)).IsNull();
    }

    [Test]
    public async Task Nothing_used_changes_no_value() =>
        await Assert.That(UsageFile.Added("ru_utime=3\nru_maxrss=7\n", TimeSpan.Zero, TimeSpan.Zero, 0)).IsEqualTo("ru_utime=3\nru_maxrss=7\n");

    [Test]
    [Arguments("")]
    [Arguments("\n\n")]
    [Arguments("ru_utime")]
    [Arguments("ru_utime=\n")]
    [Arguments("ru_utime=much\n")]
    [Arguments("my_ru_utime=1\n")]
    [Arguments("ru_utime =1\n")]
    public async Task What_is_no_number_is_left_alone(string text) =>
        await Assert.That(UsageFile.Added(text, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 1)).IsEqualTo(text);

    [Test]
    public async Task Large_values_are_not_written_with_an_exponent() =>
        await Assert.That(UsageFile.Added("ru_maxrss=4000000000\n", TimeSpan.Zero, TimeSpan.Zero, 4_000_000_000_000)).IsEqualTo("ru_maxrss=4004000000000\n");

    [Test]
    public async Task The_file_keeps_its_mode_and_owner()
    {
        using var directory = new TempDirectory();
        directory.Write("usage", "ru_utime=1\n", 0x1A0 /* 0640 */);
        var before = Files.Facts(directory["usage"])!.Value;
        UsageFile.Add(directory.Path, TimeSpan.FromSeconds(2), TimeSpan.Zero, 0);
        var after = Files.Facts(directory["usage"])!.Value;
        await Assert.That((File.ReadAllText(directory["usage"]), after.Mode, after.Uid, directory.Names())).IsEqualTo(("ru_utime=3\n", before.Mode, before.Uid, "usage"));
    }

    [Test]
    public async Task A_symbolic_link_in_its_place_is_a_failure()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["usage"], directory.Write("target", "ru_utime=1\n"));
        Assert.Throws<LinuxException>(() => UsageFile.Add(directory.Path, TimeSpan.FromSeconds(2), TimeSpan.Zero, 0));
        await Assert.That(File.ReadAllText(directory["target"])).IsEqualTo("ru_utime=1\n");
    }
}
