using System.Runtime.InteropServices;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class ProcessHandleTests
{
    static readonly Deadline s_soon = Deadline.In(TimeSpan.FromSeconds(20));

    [Test]
    public async Task A_running_process_has_not_ended_and_a_killed_one_has()
    {
        using var child = Child.Start("/bin/cat", "/dev/zero");
        using var handle = ProcessHandle.Open(child.Pid)!;
        await Assert.That(handle.Ended(Deadline.In(TimeSpan.Zero))).IsFalse();
        handle.Signal(Kill.SIGKILL);
        await Assert.That(handle.Ended(s_soon)).IsTrue();
        await Assert.That(child.Wait()).IsEqualTo(128 + Kill.SIGKILL);
    }

    [Test]
    [Arguments(0)]
    [Arguments(-1)]
    [Arguments(int.MaxValue)]
    public async Task There_is_no_handle_to_no_process(int pid) => await Assert.That(ProcessHandle.Open(pid)).IsNull();

    [Test]
    public async Task A_process_is_found_by_its_pid_and_start()
    {
        using var self = ProcessHandle.Open(Environment.ProcessId, ProcessStatus.Of(Environment.ProcessId)!.StartTicks);
        await Assert.That(self?.Pid).IsEqualTo(Environment.ProcessId);
    }

    [Test]
    public async Task A_process_that_got_the_pid_later_is_not_mistaken_for_the_first()
    {
        var start = ProcessStatus.Of(Environment.ProcessId)!.StartTicks;
        await Assert.That(ProcessHandle.Open(Environment.ProcessId, start - 1)).IsNull();
        await Assert.That(ProcessHandle.Open(Environment.ProcessId, start + 1)).IsNull();
        await Assert.That(ProcessHandle.Open(Environment.ProcessId, 0)).IsNull();
    }

    [Test]
    public async Task A_process_that_has_ended_is_gone_even_while_its_parent_has_not_noticed()
    {
        using var child = Child.Start("/bin/cat", "/dev/zero");
        var start = ProcessStatus.Of(child.Pid)!.StartTicks;
        child.Signal(Kill.SIGKILL);
        using (var handle = ProcessHandle.Open(child.Pid)!)
            await Assert.That(handle.Ended(s_soon)).IsTrue();
        await Assert.That(ProcessStatus.Of(child.Pid)!.IsZombie).IsTrue();
        await Assert.That(ProcessHandle.Open(child.Pid, start)).IsNull();
    }

    [Test]
    public async Task Signalling_a_process_that_has_ended_is_no_error()
    {
        using var child = Child.Start("/bin/true");
        using var handle = ProcessHandle.Open(child.Pid)!;
        await Assert.That(child.Wait()).IsEqualTo(0);
        handle.Signal(15);
        await Assert.That(handle.Ended(Deadline.In(TimeSpan.Zero))).IsTrue();
    }

    [Test]
    [Arguments("exit 0", 0)]
    [Arguments("exit 1", 1)]
    [Arguments("exit 255", 255)]
    [Arguments("kill -TERM $$", 143)]
    [Arguments("kill -KILL $$", 137)]
    [Arguments("kill -USR1 $$", 138)]
    // With a core dump the kernel sets a bit more.
    [Arguments("ulimit -c unlimited; cd /proc; kill -ABRT $$", 134)]
    public async Task Collecting_a_child_gives_its_status_or_128_and_its_signal(string script, int status)
    {
        using var child = Child.Start("/bin/sh", "-c", script);
        await Assert.That(child.Wait()).IsEqualTo(status);
    }

    [Test]
    public async Task Collecting_a_process_that_is_no_child_is_a_failure() =>
        await Assert.That(Assert.Throws<LinuxException>(() => ProcessHandle.Reap(1)).Message).StartsWith("waitpid 1: ");

    [Test]
    public async Task Trying_to_collect_leaves_a_running_child_alone()
    {
        using var child = Child.Start("/bin/cat", "/dev/zero");
        using var handle = ProcessHandle.Open(child.Pid)!;
        handle.TryReap();
        child.Signal(15);
        await Assert.That(child.Wait()).IsEqualTo(143);
    }

    [Test]
    public async Task A_whole_process_group_is_signalled_and_a_missing_one_is_no_error()
    {
        using var child = Child.Start("/bin/sh", "-c", "sleep 300 & echo $!; wait");
        var grandchild = int.Parse(child.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        using var handle = ProcessHandle.Open(grandchild)!;
        Kill.Group(child.Pid, Kill.SIGKILL);
        await Assert.That(handle.Ended(s_soon)).IsTrue();
        await Assert.That(child.Wait()).IsEqualTo(137);
        Kill.Group(child.Pid, Kill.SIGKILL);
    }

    [Test]
    [Arguments(0)]
    [Arguments(1)]
    [Arguments(-1)]
    public async Task A_group_number_that_means_every_process_is_never_signalled(int group)
    {
        using var heard = new ManualResetEventSlim();
        using var ears = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => heard.Set());
        Kill.Group(group, 28 /* SIGWINCH, harmless */);
        await Assert.That(heard.Wait(TimeSpan.FromMilliseconds(100))).IsFalse();
    }
}
