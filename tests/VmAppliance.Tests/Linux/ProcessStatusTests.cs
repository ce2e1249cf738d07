using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class ProcessStatusTests
{
    static readonly string[] s_status = ["Name:\tqemu", "VmPeak:\t  999 kB", "VmHWM:\t  123456 kB", "VmRSS:\t  1 kB"];

    static string Stat(string name, string state = "S") =>
        $"4242 ({name}) {state} 1 4242 4242 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 1 0 987654 1000 100 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0";

    [Test]
    [Arguments("cat")]
    [Arguments("a b c")]
    [Arguments("x) R 1 2 3 4 5")]
    [Arguments(":-) (-:")]
    [Arguments(")")]
    [Arguments("")]
    [Arguments("line\nbreak")]
    public async Task The_name_of_a_process_does_not_move_the_fields_behind_it(string name) =>
        await Assert.That(ProcessStatus.Parse(Stat(name), s_status)).IsEqualTo(
            new ProcessStatus(987654, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(0.25), false, false, 123456));

    [Test]
    [Arguments("Z", true)]
    [Arguments("X", true)]
    [Arguments("R", false)]
    [Arguments("T", false)]
    [Arguments("D", false)]
    public async Task Only_the_dead_are_zombies(string state, bool zombie) =>
        await Assert.That(ProcessStatus.Parse(Stat("x", state), s_status).IsZombie).IsEqualTo(zombie);

    [Test]
    public async Task A_process_without_memory_of_its_own_has_no_peak() =>
        await Assert.That(ProcessStatus.Parse(Stat("kthreadd"), ["Name:\tkthreadd"]).PeakMemoryKiB).IsEqualTo(0);

    [Test]
    public async Task This_process_has_started_used_time_and_memory()
    {
        var status = ProcessStatus.Of(Environment.ProcessId)!;
        await Assert.That(status.StartTicks).IsGreaterThan(0);
        await Assert.That(status.UserTime + status.SystemTime).IsGreaterThan(TimeSpan.Zero);
        await Assert.That(status.PeakMemoryKiB).IsGreaterThan(10_000);
    }

    [Test]
    [Arguments(0)]
    [Arguments(-1)]
    [Arguments(int.MaxValue)]
    public async Task No_process_has_no_status(int pid) => await Assert.That(ProcessStatus.Of(pid)).IsNull();
}
