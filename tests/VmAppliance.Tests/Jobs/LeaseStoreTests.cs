using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

[RequiresRoot]
sealed class LeaseStoreTests
{
    [Test]
    public async Task The_lowest_free_slot_is_taken()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using (var a = store.Claim("1")!)
        using (var b = store.Claim("2")!)
        using (var c = store.Claim("3")!)
        {
            await Assert.That((a.Record.Slot, b.Record.Slot, c.Record.Slot)).IsEqualTo((0, 1, 2));
            b.Delete();
        }
        using var d = store.Claim("4")!;
        await Assert.That(d.Record.Slot).IsEqualTo(1);
    }

    [Test]
    public async Task A_lease_that_somebody_does_not_let_go_of_is_not_waited_for_for_ever_and_it_is_said_who_has_it()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using var lease = store.Claim("7");
        var failure = Assert.Throws<ApplianceException>(() => store.Open(Sample.Key("7"), TimeSpan.FromMilliseconds(100)));
        await Assert.That(failure.Message).StartsWith($"open lease, {directory["run"]}/leases/7.1/lock: process {Environment.ProcessId} (");
        await Assert.That((failure.Message.EndsWith(") has held it for 0 s", StringComparison.Ordinal), failure.Blame)).IsEqualTo((true, Blame.Transient));
    }

    [Test]
    public async Task A_full_node_gives_nothing_and_leaves_nothing()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 1);
        using var a = store.Claim("1");
        await Assert.That(store.Claim("2")).IsNull();
        await Assert.That(string.Join(' ', store.Records().Select(r => r.Job))).IsEqualTo("1.1");
        await Assert.That(Directory.GetDirectories(directory["run"]).Length).IsEqualTo(1);
    }

    [Test]
    public async Task Two_claims_of_one_job_are_a_failure_that_can_be_tried_again()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using var a = store.Claim("7");
        var failure = Assert.Throws<ApplianceException>(() => store.Claim("7"));
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(("claim slot, job 7.1: another hook is at work for this job", Blame.Transient));
    }

    [Test]
    public async Task Tasks_of_one_job_have_leases_of_their_own()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using var one = store.Claim(Sample.Key("7", 1), s => Sample.Record(Sample.Key("7", 1), s));
        using var two = store.Claim(Sample.Key("7", 2), s => Sample.Record(Sample.Key("7", 2), s));
        await Assert.That(string.Join(' ', store.Records().Select(r => $"{r.Key}:{r.Slot}"))).IsEqualTo("7.1:0 7.2:1");
    }

    [Test]
    public async Task Claims_at_the_same_time_never_share_a_slot()
    {
        using var directory = new TempDirectory();
        var leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => new LeaseStore(directory["run"], 10).Claim($"j{i}"))));
        await Assert.That(string.Join(' ', leases.OfType<Lease>().Select(l => l.Record.Slot).Order())).IsEqualTo("0 1 2 3 4 5 6 7 8 9");
        foreach (var lease in leases.OfType<Lease>())
            lease.Dispose();
    }

    [Test]
    public async Task A_claim_waits_for_another_process_that_has_the_node()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["run"]);
        using var other = Child.Start("/usr/bin/flock", "-F", directory["run/lock"], "/bin/sh", "-c", "echo locked; exec cat /dev/zero");
        await Assert.That(other.ReadLine()).IsEqualTo("locked");
        var claim = Task.Run(() => new LeaseStore(directory["run"], 3).Claim("7"));
        await Assert.That(new LeaseStore(directory["run"], 3).Records()).IsEmpty();
        other.Signal(Kill.SIGKILL);
        using var lease = await claim.WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.That(lease!.Record.Slot).IsEqualTo(0);
    }

    // Alone: a child that another test is just starting holds, until its exec, a copy of every lock of this process.
    [Test, NotInParallel]
    public async Task A_lease_can_be_worked_on_by_one_at_a_time()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using (store.Claim("7"))
        {
            await Assert.That(store.TryOpen(Sample.Key("7"), out var busy)).IsNull();
            await Assert.That(busy).IsTrue();
        }
        using var lease = store.TryOpen(Sample.Key("7"), out var still);
        await Assert.That((lease?.Record.Job, still)).IsEqualTo(("7.1", false));
        await Assert.That(store.TryOpen(Sample.Key("8"), out var missing)).IsNull();
        await Assert.That((missing, store.Open(Sample.Key("8")))).IsEqualTo((false, null));
    }

    [Test]
    public async Task Who_waits_for_a_lease_that_is_released_meanwhile_gets_none()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        var lease = store.Claim("7")!;
        var waiting = Task.Run(() => store.Open(Sample.Key("7")));
        while (Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget == $"{lease.Directory}/lock") < 2 && !waiting.IsCompleted)
            await Task.Yield();
        lease.Delete();
        lease.Dispose();
        await Assert.That(await waiting.WaitAsync(TimeSpan.FromSeconds(20))).IsNull();
    }

    [Test]
    public async Task What_was_written_down_survives_the_writer()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        var machine = new MachineReference(4711, 987654, Guid.NewGuid());
        using (var lease = store.Claim("7", livesIn: "/spool/7.1")!)
        {
            lease.Enter(Phase.Starting);
            lease.Started(machine);
            lease.Soil("no \"luck\"\n");
        }
        var record = new LeaseStore(directory["run"], 3).Records().Single();
        await Assert.That((record.Phase, record.Machine, record.Trouble, record.LivesIn, record.Slot)).IsEqualTo((Phase.Dirty, machine, "no \"luck\"\n", "/spool/7.1", 0));
    }

    [Test]
    public async Task Only_root_reads_the_record_only_the_owner_the_pass_and_nobody_looks_around()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using var lease = store.Claim("7")!;
        var pass = new Pass(new GuestAccess("127.0.0.1", 2222, "alice", "key", "print"), lease.Record.Machine, "/home/alice", 98);
        await Assert.That(store.PassOf(lease.Record.Key)).IsNull();
        lease.Issue(pass, 1002);
        await Assert.That(store.PassOf(lease.Record.Key)).IsEqualTo(pass);
        await Assert.That(Files.Facts(LeaseStore.RecordFile(lease.Directory))).Member(f => f!.Value.Mode & 0xFFF, mode => mode.IsEqualTo(0x180));
        var facts = Files.Facts(LeaseStore.PassFile(lease.Directory))!.Value;
        await Assert.That((facts.Mode & 0xFFF, facts.Uid, facts.Gid)).IsEqualTo((0x100, 1001, 1002));
        foreach (var (path, mode) in new[] { (lease.Directory, 0x1C9), (directory["run/leases"], 0x1C9), (directory["run"], 0x1ED) })
            await Assert.That(Files.Facts(path)!.Value).IsEqualTo(new FileFacts(0, 0, 0x4000 | mode, Files.Facts(path)!.Value.Size));
    }

    [Test]
    public async Task A_job_has_begun_when_its_starter_says_so_and_the_owner_still_reads_the_pass()
    {
        using var directory = new TempDirectory();
        var store = new LeaseStore(directory["run"], 3);
        using var lease = store.Claim("7")!;
        LeaseStore.MarkBegun(lease.Directory);
        await Assert.That(lease.HasBegun).IsFalse();
        var access = new GuestAccess("127.0.0.1", 2222, "alice", "key", "print");
        lease.Issue(new Pass(access, lease.Record.Machine, "/home/alice", 98), 1002);
        await Assert.That(lease.HasBegun).IsFalse();
        LeaseStore.MarkBegun(lease.Directory);
        var mode = Files.Facts(LeaseStore.PassFile(lease.Directory))!.Value.Mode & 0xFFF;
        await Assert.That((lease.HasBegun, mode)).IsEqualTo((true, 0x140));
    }

    [Test]
    public async Task What_a_claim_that_was_killed_left_does_not_stop_the_next_one()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["run/new-7.1"]);
        directory.Write("run/new-7.1/record.json", "{ half a rec");
        using var lease = new LeaseStore(directory["run"], 3).Claim("7");
        await Assert.That(lease!.Record.Job).IsEqualTo("7.1");
    }
}
