using System.Text;
using VmAppliance.Configuration;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Linux;
using VmAppliance.Processes;
using VmAppliance.Tests.Processes;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>With processes that have a machine's mark, or pretend to.</summary>
[RequiresRoot]
sealed class QemuProcessesTests
{
    readonly Guid _uuid = Guid.NewGuid();
    readonly string _leases = $"/leases-{Guid.NewGuid():N}";

    /// <summary>A process with something as its standard error.</summary>
    sealed class Holder : IDisposable
    {
        public Holder(Descriptor errors, params string[] words)
        {
            using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
            Pid = Spawn.Start("sleep", [.. new[] { "sleep", "600" }.Concat(words).Select(Encoding.UTF8.GetBytes)], CommandRunner.CleanEnvironment,
                [nothing.Number, nothing.Number, errors.Number]);
        }

        public int Pid { get; }

        public void Dispose()
        {
            using var process = ProcessHandle.Open(Pid);
            process?.Signal(Kill.SIGKILL);
            process?.Ended(Deadline.In(TimeSpan.FromSeconds(20)));
            process?.TryReap();
        }
    }

    Descriptor Marked() => Descriptor.Memory(QemuProcesses.Mark(_uuid, $"{_leases}/7.1"), 4096);

    string Found()
    {
        var found = QemuProcesses.Find(_uuid);
        var pids = string.Join(' ', found.Select(p => p.Pid).Order());
        foreach (var process in found)
            process.Dispose();
        return pids;
    }

    [Test]
    public async Task A_machine_is_found_by_the_name_of_its_standard_error()
    {
        using var mark = Marked();
        using var machine = new Holder(mark);
        await Assert.That(Found()).IsEqualTo($"{machine.Pid}");
        var (directory, reference) = QemuProcesses.Below(_leases).Single();
        await Assert.That((directory, reference.Pid, reference.Uuid, reference.StartTicks))
            .IsEqualTo(($"{_leases}/7.1", machine.Pid, _uuid, ProcessStatus.Of(machine.Pid)!.StartTicks));
    }

    [Test]
    public async Task All_that_have_the_mark_are_found_and_those_of_another_machine_or_directory_are_not()
    {
        using var mark = Marked();
        using var other = Descriptor.Memory(QemuProcesses.Mark(Guid.NewGuid(), $"{_leases}x/7.1"), 4096);
        using Holder first = new(mark), second = new(mark), third = new(other);
        await Assert.That(Found()).IsEqualTo(string.Join(' ', new[] { first.Pid, second.Pid }.Order()));
        await Assert.That(string.Join(' ', QemuProcesses.Below(_leases).Select(m => m.Machine.Pid).Order())).IsEqualTo(Found());
    }

    [Test]
    public async Task A_machines_words_make_nobody_a_machine()
    {
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        using var decoy = new Holder(nothing, "-uuid", $"{_uuid}", "-fw_cfg", $"name=opt/org.vmappliance/lease,string={_leases}/7.1");
        await Assert.That((Found(), QemuProcesses.Below(_leases).Count)).IsEqualTo(("", 0));
    }

    [Test]
    public async Task A_mark_that_somebody_else_has_made_is_none()
    {
        using var mark = new OtherUser(65534, 65534, []).Run(Marked);
        using var decoy = new Holder(mark);
        await Assert.That((Found(), QemuProcesses.Below(_leases).Count)).IsEqualTo(("", 0));
    }

    [Test]
    public async Task A_file_that_is_called_like_a_mark_is_none()
    {
        using var directory = new TempDirectory();
        var name = directory[$"memfd:{QemuProcesses.Mark(_uuid, "").TrimEnd(':')}: (deleted)"];
        await File.WriteAllTextAsync(name, "");
        using var file = Descriptor.Open(name, OpenMode.ReadWrite);
        using var decoy = new Holder(file);
        await Assert.That(Found()).IsEqualTo("");
    }

    [Test]
    public async Task A_process_with_a_machines_words_that_locks_its_memory_holds_nobody_up()
    {
        using var stubborn = new StubbornProcess("-uuid", $"{_uuid}", "-fw_cfg", $"name=opt/org.vmappliance/lease,string={_leases}/7.1");
        using var mark = Marked();
        using var machine = new Holder(mark);
        var looks = Task.Run(() => (Found(), QemuProcesses.Below(_leases).Count));
        await Assert.That(await looks.WaitAsync(TimeSpan.FromSeconds(20))).IsEqualTo(($"{machine.Pid}", 1));
    }

    [Test]
    public async Task Processes_that_are_begun_anew_as_they_die_do_not_keep_a_machines_end_from_coming()
    {
        using var directory = new TempDirectory();
        directory.Write("go", "");
        using var mark = Marked();
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        using var machine = new Holder(mark);
        // What the loop begins has the mark that the machine's owner has lent it, and the machine's words.
        var pid = Spawn.Start("sh", [.. new[] { "sh", "-c", $"while [ -e {directory["go"]} ]; do (exec sh -c 'kill -STOP $$' -uuid {_uuid} 2>&3 3>&-); done" }
            .Select(Encoding.UTF8.GetBytes)], CommandRunner.CleanEnvironment, [nothing.Number, nothing.Number, nothing.Number, mark.Number]);
        try
        {
            var end = Task.Run(() => Hypervisor().Destroy(new MachineReference(0, 0, _uuid)));
            await end.WaitAsync(TimeSpan.FromSeconds(20));
            await Assert.That(ProcessStatus.Of(machine.Pid)?.IsZombie ?? true).IsTrue();
        }
        finally
        {
            File.Delete(directory["go"]);
            Kill.Group(pid, Kill.SIGKILL);
            ProcessHandle.Reap(pid);
        }
    }

    static QemuHypervisor Hypervisor() => new(new ApplianceSettings("gridengine", HypervisorKind.Qemu, Acceleration.Tcg, "/run", "/var", "qemu", TimeSpan.FromSeconds(1), 98));
}
