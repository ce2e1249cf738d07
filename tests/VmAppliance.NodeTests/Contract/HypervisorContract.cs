using System.Net.Sockets;
using System.Text;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Contract;

/// <summary>What every hypervisor must do, whatever a machine is to it. Its machines boot the guest image of the tests.</summary>
abstract class HypervisorContract
{
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    int _jobs;

    /// <summary>A node with this hypervisor, and an image <c>guest</c>.</summary>
    protected abstract Node Node { get; }

    /// <summary>The program with the configuration of the node.</summary>
    protected abstract string[] Program { get; }

    protected IHypervisor Hypervisor => Node.Hypervisor;

    Lease Prepare(int cpus = 1) => new PrepareJob(Node, new Timeline()).Run(new MachineRequest(
        new Job(new JobKey($"contract{Environment.ProcessId}", ++_jobs), "nobody", "", [], null), AccountDatabase.Get("nobody"), "guest", 98, cpus, 160L << 20));

    [Test]
    public async Task A_machine_starts_is_found_is_paused_goes_on_and_is_destroyed()
    {
        using var lease = Prepare();
        var machine = lease.Record.Machine;
        await Assert.That(lease.Record.Phase).IsEqualTo(Phase.Ready);
        await Assert.That(Hypervisor.Exists(machine)).IsTrue();
        // By its uuid alone, too: a hook can be killed before it has written down more.
        await Assert.That(Hypervisor.Exists(machine with { Pid = 0, StartTicks = 0 })).IsTrue();
        await Assert.That(Hypervisor.Machines(Node.Leases.Root).Select(m => (m.Directory, m.Machine.Uuid))).Contains((lease.Directory, machine.Uuid));
        await Assert.That(Hypervisor.Machines("/run/somebody-elses/leases")).IsEmpty();

        // A machine that answers has computed something; one that is paused computes nothing and answers nobody, however often it was paused.
        await Assert.That(Banner(lease)).StartsWith("SSH-2.0-");
        Hypervisor.Pause(lease.Directory);
        Hypervisor.Pause(lease.Directory);
        var before = Hypervisor.Usage(machine)!;
        await Assert.That(before.User).IsGreaterThan(TimeSpan.FromMilliseconds(100));
        await Assert.That(before.PeakMemoryKiB).IsGreaterThan(32 << 10);
        await Assert.That(Banner(lease, TimeSpan.FromSeconds(2))).IsEqualTo("");
        await Assert.That(Hypervisor.Exists(machine)).IsTrue();
        Hypervisor.Resume(lease.Directory);
        Hypervisor.Resume(lease.Directory);
        await Assert.That(Banner(lease)).StartsWith("SSH-2.0-");

        using var process = ProcessHandle.Open(machine.Pid, machine.StartTicks)!;
        Hypervisor.Destroy(machine);
        await Assert.That(process.Ended(Deadline.In(s_patience))).IsTrue();
        await Assert.That(Hypervisor.Exists(machine)).IsFalse();
        await Assert.That(Hypervisor.Usage(machine)).IsNull();
        await Assert.That(Hypervisor.Machines(Node.Leases.Root)).IsEmpty();
        // Gone already.
        Hypervisor.Destroy(machine);
        Hypervisor.Destroy(machine with { Pid = 0, StartTicks = 0 });
        await Assert.That(new ReleaseJob(Node).Run(lease)).IsTrue();
    }

    [Test]
    public async Task A_machine_outlives_whoever_started_it_and_tells_its_last_words()
    {
        using var run = new Fixtures.BackgroundRun([.. Program, "run", "--image", "guest", "--owner", "nobody", "--", "sh", "-c", "echo up; read x; sleep 1; fall panic"], Node.Leases.Root);
        run.Says("up\n");
        var machine = run.Machine;
        using var process = ProcessHandle.Open(machine.Pid, machine.StartTicks)!;
        // Heard as soon as nobody else listens any more.
        using var console = Hypervisor.Console(run.Lease);
        run.Signal(Kill.SIGKILL);
        await Assert.That(run.End()).IsEqualTo(128 + Kill.SIGKILL);
        await Assert.That(Hypervisor.Exists(machine)).IsTrue();
        await Assert.That(Hypervisor.Machines(Node.Leases.Root).Single().Machine.Uuid).IsEqualTo(machine.Uuid);
        // The job, whose input has ended with the connection, goes on to the end of its machine.
        // What it has said is lost with it, so it is heard to its end.
        for (var deadline = Deadline.In(s_patience); Poll.Readable(deadline, console.PollDescriptor, process.PollDescriptor) == 0;)
            console.Drain();
        await Assert.That(process.Ended(Deadline.In(s_patience))).IsTrue();
        await Assert.That(console.LastWords()).Contains("Kernel panic - not syncing: sysrq triggered crash");
        await Assert.That(Hypervisor.Exists(machine)).IsFalse();
        new Reaper(Node).Run(dryRun: false);
        await Assert.That(Node.Leases.Records()).IsEmpty();
    }

    [Test]
    public async Task A_machine_that_cannot_be_started_leaves_nothing_and_the_reason()
    {
        var failure = await Assert.That(() => Prepare(cpus: 100_000)).Throws<ApplianceException>();
        await Assert.That(failure!.Message).StartsWith($"start machine, vma-contract{Environment.ProcessId}.{_jobs}: ");
        await Assert.That(Hypervisor.Machines(Node.Leases.Root)).IsEmpty();
        await Assert.That(Node.Leases.Records()).IsEmpty();
    }

    // The first line of its sshd; empty when none comes in time.
    string Banner(Lease lease, TimeSpan? patience = null)
    {
        var access = Node.Leases.PassOf(lease.Record.Key)!.Access;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var connected = socket.ConnectAsync(access.Address, access.Port);
        if (!connected.Wait(patience ?? s_patience))
        {
            _ = connected.ContinueWith(t => t.Exception, TaskScheduler.Default);
            return "";
        }
        var buffer = new byte[64];
        return Poll.Readable(Deadline.In(patience ?? s_patience), Descriptor.Of(socket)) == 0 ? Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer)) : "";
    }
}
