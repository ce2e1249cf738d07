using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Batch;

/// <summary>Who may have written a job's spool directory.</summary>
[RequiresRoot]
sealed class SpoolDirectoryTests
{
    const int Admin = 65001, Owner = 65002;

    static string Make(TempDirectory directory, int uid = Admin)
    {
        var path = $"{directory.Path}/active_jobs/7.1";
        Directory.CreateDirectory(path);
        Files.Change($"{directory.Path}/active_jobs", 0x1ED, uid, uid);
        Files.Change(path, 0x1ED, uid, uid);
        File.WriteAllText($"{path}/config", "job_owner=alice\nqueue=vm.q\njob_id=7\nja_task_id=0\n");
        Files.Change($"{path}/config", 0x1A4, uid, uid);
        return path;
    }

    static ApplianceException Refused(string path) => Assert.Throws<ApplianceException>(() => SpoolDirectory.OpenTrusted(path, () => Admin));

    [Test]
    [Arguments(Admin)]
    [Arguments(0)]
    public async Task A_directory_of_the_administrator_or_of_root_is_believed(int uid)
    {
        using var directory = new TempDirectory();
        var spool = SpoolDirectory.OpenTrusted(Make(directory, uid), () => Admin);
        await Assert.That((spool.Require("job_owner"), spool.Value("queue"), spool.Value("pe"), spool.Arguments)).IsEqualTo(("alice", "vm.q", null, null));
    }

    [Test]
    public async Task Nobody_looks_the_administrator_up_when_all_is_roots()
    {
        using var directory = new TempDirectory();
        var asked = 0;
        int Ask()
        {
            asked++;
            return Admin;
        }
        SpoolDirectory.OpenTrusted(Make(directory, 0), Ask);
        await Assert.That(asked).IsEqualTo(0);
        SpoolDirectory.OpenTrusted(Make(directory), Ask);
        await Assert.That(asked).IsEqualTo(1);
    }

    [Test]
    public async Task Without_an_administrators_account_only_root_is_believed()
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        await Assert.That(Assert.Throws<ApplianceException>(() => SpoolDirectory.OpenTrusted(path, () => -1)).Message).Contains("could have been changed");
    }

    [Test]
    [Arguments("")]
    [Arguments("/active_jobs")]
    [Arguments("/active_jobs/7.1")]
    public async Task No_directory_above_may_be_somebody_elses(string part)
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        Files.Change(directory.Path + part, 0x1ED, Owner, Owner);
        var failure = Refused(path);
        await Assert.That(failure.Message).IsEqualTo($"read job, {path}: {directory.Path}{part} could have been changed by others than root and Grid Engine's administrator");
        await Assert.That((failure.Blame, failure.Hint is null)).IsEqualTo((Blame.Node, false));
    }

    [Test]
    [Arguments("/active_jobs", 0x1FF)] // 0777
    [Arguments("/active_jobs", 0x1FD)] // 0775
    [Arguments("/active_jobs/7.1", 0x1EF)] // 0757
    public async Task No_directory_above_may_be_writable_by_others(string part, int mode)
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        Files.Change(directory.Path + part, mode, Admin, Admin);
        await Assert.That(Refused(path).Message).Contains($"{directory.Path}{part} could have been changed");
    }

    [Test]
    public async Task A_sticky_directory_above_is_as_good_as_the_systems_own()
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        Files.Change(directory.Path, 0x3FF /* 1777 */, 0, 0);
        await Assert.That(SpoolDirectory.OpenTrusted(path, () => Admin).Path).IsEqualTo(path);
    }

    [Test]
    [Arguments("active_jobs")]
    [Arguments("active_jobs/7.1")]
    [Arguments("active_jobs/7.1/config")]
    public async Task Nothing_on_the_way_may_be_a_symbolic_link(string part)
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        Directory.Move(directory[part], directory["real"]);
        File.CreateSymbolicLink(directory[part], directory["real"]);
        await Assert.That(Refused(path).Message).StartsWith("read job, ");
    }

    [Test]
    [Arguments(0x1B4, Admin)] // 0664
    [Arguments(0x1A6, Admin)] // 0646
    [Arguments(0x1A4, Owner)]
    public async Task The_description_must_be_out_of_reach_too(int mode, int uid)
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        Files.Change($"{path}/config", mode, uid, uid);
        await Assert.That(Refused(path).Message).Contains("its config file could have been changed");
    }

    [Test]
    public async Task A_directory_without_description_or_not_there_is_refused()
    {
        using var directory = new TempDirectory();
        var path = Make(directory);
        await Assert.That(Refused(path + "2").Message).EndsWith($"{path}2 is no directory");
        File.Delete($"{path}/config");
        await Assert.That(Refused(path).Message).IsEqualTo($"read job, {path}/config: No such file or directory");
    }

    [Test]
    [Arguments("relative/7.1")]
    [Arguments("")]
    [Arguments("/{0}/../{0}/active_jobs/7.1")]
    [Arguments("/{0}/./active_jobs/7.1")]
    [Arguments("/{0}//active_jobs/7.1")]
    [Arguments("/{0}/active_jobs/7.1\n")]
    public async Task Only_a_plain_absolute_path_is_taken(string form)
    {
        using var directory = new TempDirectory();
        Make(directory);
        await Assert.That(Refused(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, directory.Path[1..])).Message).EndsWith("it is no plain absolute path");
    }

    [Test]
    public async Task The_owner_of_a_job_may_believe_what_the_owner_wrote()
    {
        using var directory = new TempDirectory();
        await Assert.That(SpoolDirectory.OpenOwn(Make(directory, Owner)).Value("job_owner")).IsEqualTo("alice");
    }

    [Test]
    [Arguments("node1 2 vm.q@node1 UNDEFINED\n", "node1")]
    [Arguments("node1.example.org 1 vm.q@node1 UNDEFINED\nnode2.example.org 4 vm.q@node2 UNDEFINED\nnode2.example.org 1 big.q@node2 UNDEFINED\n", "node1.example.org node2.example.org")]
    [Arguments("", "")]
    public async Task The_hosts_of_a_parallel_job_are_told_apart(string file, string hosts)
    {
        using var directory = new TempDirectory();
        var path = Make(directory, 0);
        var spool = SpoolDirectory.OpenTrusted(path, () => -1);
        await Assert.That(spool.Hosts(() => -1)).IsEmpty();
        File.WriteAllText($"{path}/pe_hostfile", file);
        await Assert.That(string.Join(' ', spool.Hosts(() => -1))).IsEqualTo(hosts);
        Files.Change($"{path}/pe_hostfile", 0x1A4, Owner, Owner);
        await Assert.That(Assert.Throws<ApplianceException>(() => spool.Hosts(() => -1)).Message).Contains("could have been changed");
    }
}
