using VmAppliance.Guest.Agent;

namespace VmAppliance.Tests.Guest.Agent;

sealed class OutOfMemoryTests
{
    const string Head = "3,1021,43217843,-;";

    [Test]
    [Arguments(Head + "Out of memory: Killed process 412 (python3) total-vm:2105232kB, anon-rss:401232kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:880kB oom_score_adj:0\n", "process 412 (python3)")]
    [Arguments(Head + "Out of memory: Killed process 412 (a) b) total-vm:2105232kB, anon-rss:401232kB, UID:1000 pgtables:880kB oom_score_adj:0\n SUBSYSTEM=x\n", "process 412 (a) b)")]
    [Arguments(Head + "Out of memory: Kill process 412 (python3) score 905 or sacrifice child\n", "process 412 (python3)")]
    [Arguments(Head + "Out of memory (oom_kill_allocating_task): Killed process 412 (x) total-vm:1kB, UID:1000 pgtables:880kB oom_score_adj:0\n", "process 412 (x)")]
    [Arguments(Head + "Out of memory: Killed process 412 (sshd) total-vm:2105232kB, anon-rss:401232kB, UID:0 pgtables:880kB oom_score_adj:0\n", null)]
    [Arguments(Head + "Memory cgroup out of memory: Killed process 412 (python3) total-vm:1kB, UID:1000 pgtables:880kB oom_score_adj:0\n", null)]
    [Arguments(Head + "python3 invoked oom-killer: gfp_mask=0x140dca\n", null)]
    [Arguments(Head + "vmappliance: Out of memory: Killed process 412 (python3) total-vm:1kB, UID:1000 pgtables:8\n", null)]
    public async Task A_record_of_the_kernel_names_a_process_of_the_job(string record, string? victim) =>
        await Assert.That(OutOfMemory.Victim(record, 1000)).IsEqualTo(victim);

    [Test]
    public async Task The_machines_memory_is_what_it_was_given()
    {
        string[] map = ["00000000-00000fff : Reserved", "00001000-0009fbff : System RAM", "0009fc00-0009ffff : Reserved", "000f0000-000fffff : System ROM",
            "00100000-1ffdefff : System RAM", "  01000000-01c03507 : Kernel code", "1ffdf000-1fffffff : Reserved"];
        await Assert.That(OutOfMemory.MiB(map)).IsEqualTo(512);
    }

    [Test]
    public async Task Who_is_not_short_of_memory_is_told_nothing()
    {
        using var memory = new OutOfMemory(1000);
        await Assert.That(memory.Sentence()).IsNull();
    }
}
