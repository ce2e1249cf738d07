using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Jobs;

/// <summary>With the real disk store and hypervisor of a node whose directories are the test's own; no machine is ever started.</summary>
[RequiresRoot]
sealed class ReaperTests
{
    static string Reap(Node node, bool dryRun = false) => string.Join('\n', new Reaper(node).Run(dryRun).Select(r => $"{r.Kind} {r.Name}: {r.Reason}: {r.Gone}"));

    static string Leases(Node node) => string.Join(' ', node.Leases.Records().Select(r => r.Job));

    static Node Node(TempDirectory directory)
    {
        Directory.CreateDirectory(directory["state/disks"]);
        return Sample.Node(directory);
    }

    [Test]
    public async Task What_a_killed_import_or_removal_left_is_removed_and_an_import_at_work_is_left_alone()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        var half = ".import-demo-20261128T000000-aaaaaa";
        CommandRunner.Require("make files", ["sh", "-c", $"mkdir -p {directory["state/images"]}/{half}/tree {directory["state/images"]}/old/v; touch \"{directory["state/images"]}/{half}/tree/$(printf '\\351')\""]);
        using (node.Images.Lock(TimeSpan.FromSeconds(20)))
            await Assert.That(Reap(node)).IsEqualTo("");
        var found = string.Join('\n', new[] { half, "old" }.Select(n => $"import {n}: whoever imported or removed it was killed: "));
        await Assert.That(string.Join('\n', Reap(node, dryRun: true).Split('\n').Order(StringComparer.Ordinal)).Replace("False", "", StringComparison.Ordinal)).IsEqualTo(found);
        await Assert.That(string.Join('\n', Reap(node).Split('\n').Order(StringComparer.Ordinal)).Replace("True", "", StringComparison.Ordinal)).IsEqualTo(found);
        await Assert.That(string.Join(' ', Directory.GetFileSystemEntries(directory["state/images"]).Select(Path.GetFileName))).IsEqualTo("lock");
    }

    [Test]
    public async Task A_lease_that_somebody_works_on_is_left_alone()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        using var lease = node.Leases.Claim("7", Phase.Dirty);
        await Assert.That((Reap(node), Leases(node))).IsEqualTo(("", "7.1"));
    }

    [Test]
    public async Task A_lease_whose_job_lives_is_left_alone()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim("7", Phase.Ready, livesIn: directory.Path)!.Dispose();
        await Assert.That((Reap(node), Leases(node))).IsEqualTo(("", "7.1"));
    }

    [Test]
    [Arguments(Phase.Claimed)]
    [Arguments(Phase.Wiping)]
    [Arguments(Phase.Starting)]
    [Arguments(Phase.Ready)]
    public async Task A_lease_whose_job_is_gone_is_released_at_any_phase(Phase phase)
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim("7", phase, livesIn: directory["gone"])!.Dispose();
        await Assert.That((Reap(node), Leases(node))).IsEqualTo(("lease 7.1: the batch system has no such job here any more: True", ""));
    }

    [Test]
    public async Task A_command_that_is_gone_and_an_interrupted_release_are_released()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim("run1", Phase.Ready)!.Dispose();
        node.Leases.Claim("8", Phase.Releasing, livesIn: directory.Path)!.Dispose();
        await Assert.That(Reap(node)).IsEqualTo("lease run1.1: the command that held it is gone: True\nlease 8.1: its release was interrupted: True");
        await Assert.That(Directory.GetFileSystemEntries(directory["run/leases"])).IsEmpty();
    }

    [Test]
    public async Task A_lease_of_an_earlier_boot_is_released()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim(Sample.Key("7"), s => Sample.Record(Sample.Key("7"), s, Phase.Ready, directory.Path) with { BootId = "another" })!.Dispose();
        await Assert.That(Reap(node)).IsEqualTo("lease 7.1: the node was booted since: True");
    }

    [Test]
    public async Task A_dry_run_changes_nothing()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim("run1", Phase.Dirty)!.Dispose();
        directory.Write("state/disks/9.1.qcow2", "");
        await Assert.That(Reap(node, dryRun: true)).IsEqualTo("lease run1.1: it could not be released: : False\ndisk 9.1: it belongs to no lease: False");
        await Assert.That((Leases(node), string.Join(' ', node.Disks.InUse()), node.Leases.Records()[0].Phase)).IsEqualTo(("run1.1", "9.1", Phase.Dirty));
    }

    [Test]
    public async Task Disks_without_a_lease_are_dropped_and_all_else_is_left_alone()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        using var lease = node.Leases.Claim("7");
        foreach (var name in new[] { "7.1.qcow2", "9.1.qcow2", "10.2.raw", "backup.qcow2", "mine.raw", "notes.txt" })
            directory.Write($"state/disks/{name}", "");
        await Assert.That(Reap(node).Split('\n').Length).IsEqualTo(2);
        await Assert.That(string.Join(' ', Directory.GetFiles(directory["state/disks"]).Select(Path.GetFileName).Order())).IsEqualTo("7.1.qcow2 backup.qcow2 mine.raw notes.txt");
    }

    [Test]
    public async Task A_lease_on_a_node_that_never_had_a_disk_is_released()
    {
        using var directory = new TempDirectory();
        var node = Sample.Node(directory);
        node.Leases.Claim("run1")!.Dispose();
        await Assert.That((Reap(node), Leases(node))).IsEqualTo(("lease run1.1: the command that held it is gone: True", ""));
    }

    [Test]
    public async Task What_cannot_be_released_is_dirty_says_why_and_heals_later()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        Directory.CreateDirectory(directory["state/disks/run1.1.qcow2"]);
        node.Leases.Claim("run1", Phase.Ready)!.Dispose();
        await Assert.That(Reap(node)).EndsWith(": False");
        var record = node.Leases.Records().Single();
        await Assert.That((record.Phase, record.Trouble!.Contains("run1.1.qcow2", StringComparison.Ordinal))).IsEqualTo((Phase.Dirty, true));
        Directory.Delete(directory["state/disks/run1.1.qcow2"]);
        await Assert.That((Reap(node).Split(':')[^1], Leases(node))).IsEqualTo((" True", ""));
    }

    [Test]
    public async Task A_release_that_was_killed_in_the_middle_is_finished()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        // The directory's files go one by one: here the record went first.
        using (var lease = node.Leases.Claim("run1", Phase.Releasing))
            File.Delete(LeaseStore.RecordFile(lease!.Directory));
        Reap(node);
        await Assert.That(Directory.GetFileSystemEntries(directory["run/leases"])).IsEmpty();
    }

    [Test]
    public async Task A_claim_that_was_killed_in_the_middle_leaves_nothing()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        node.Leases.Claim("run1", Phase.Ready, livesIn: directory.Path)!.Dispose();
        Directory.CreateDirectory(directory["run/new-9.1"]);
        Reap(node);
        await Assert.That(Directory.Exists(directory["run/new-9.1"])).IsFalse();
    }

    [Test]
    public async Task A_machine_that_has_ended_is_no_hindrance()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        using var child = Child.Start("/bin/true");
        var start = ProcessStatus.Of(child.Pid)!.StartTicks;
        await Assert.That(child.Wait()).IsEqualTo(0);
        using (var lease = node.Leases.Claim("run1", Phase.Starting)!)
            lease.Started(new(child.Pid, start, Guid.NewGuid()));
        await Assert.That((Reap(node), Leases(node))).IsEqualTo(("lease run1.1: the command that held it is gone: True", ""));
    }

    [Test]
    public async Task A_process_that_got_the_machines_pid_later_is_not_touched()
    {
        using var directory = new TempDirectory();
        var node = Node(directory);
        using var innocent = Child.Start("/bin/cat", "/dev/zero");
        using (var lease = node.Leases.Claim("run1", Phase.Starting)!)
            lease.Started(new(innocent.Pid, ProcessStatus.Of(innocent.Pid)!.StartTicks - 1, Guid.NewGuid()));
        await Assert.That(Reap(node)).EndsWith(": True");
        await Assert.That(ProcessStatus.Of(innocent.Pid)!.IsZombie).IsFalse();
    }
}
