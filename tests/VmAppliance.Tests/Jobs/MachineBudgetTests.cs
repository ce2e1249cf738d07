using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

/// <summary>A process that works and works is the machine.</summary>
sealed class MachineBudgetTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    static MachineReference Reference(Child machine) => new(machine.Pid, ProcessStatus.Of(machine.Pid)!.StartTicks, Guid.Empty);

    [Test]
    public async Task A_job_is_ended_before_the_kernel_ends_its_machine()
    {
        using var machine = Child.Start("/bin/sh", "-c", "ulimit -t 2; echo up; while :; do :; done");
        machine.ReadLine();
        using var ended = new ManualResetEventSlim();
        using var budget = MachineBudget.Of(Reference(machine), ended.Set);
        await Assert.That(budget!.Reason).IsNull();
        await Assert.That(ended.Wait(s_patience)).IsTrue();
        await Assert.That(ProcessStatus.Of(machine.Pid)!.IsZombie).IsFalse();
        await Assert.That(budget.Reason).IsEqualTo("the CPU time of its machine is used up, 2 s (h_cpu), which this node does not let its root lift");
    }

    [Test]
    public async Task A_machine_without_a_limit_is_not_watched()
    {
        using var machine = Child.Start("/bin/sh", "-c", "echo up; exec sleep 100");
        machine.ReadLine();
        await Assert.That(MachineBudget.Of(Reference(machine), () => { })).IsNull();
    }
}
