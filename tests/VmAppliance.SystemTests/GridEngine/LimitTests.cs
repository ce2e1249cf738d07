namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Limits that a job asks for hold for the job, not for its machine.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class LimitTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    // Grid Engine puts a job's limits on the prolog too. Only a root with CAP_SYS_RESOURCE gets out of them again; containers' often has it not.
    static bool RootIsAboveLimits => (Convert.ToUInt64(File.ReadLines("/proc/self/status").Single(l => l.StartsWith("CapEff:", StringComparison.Ordinal))[8..], 16) >> 24 & 1) == 1;

    [Test]
    public async Task MemoryAndProcessorTime()
    {
        // A machine of 512 MiB needs more than 2 GiB of addresses.
        var gigabytes = RootIsAboveLimits ? 2 : 16;
        var job = await Cell.Run(new Submission("vm.q")
        {
            Script = """
                echo "memory $(ulimit -v), core $(ulimit -c), time $(ulimit -S -t)/$(ulimit -H -t)"
                trap 'echo XCPU; exit 4' XCPU
                while :; do :; done

                """,
            Options = ["-l", $"h_vmem={gigabytes}G,s_cpu=2,h_cpu=600,h_core=0"],
        });

        await Assert.That(job.Summary).IsEqualTo($"status 4, output 'memory {gigabytes << 20}, core 0, time 2/600\nXCPU\n', errors ''");
    }

    [Test]
    public async Task TooLittleMemoryForAMachineIsTheJobsFault()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "ulimit -v\n", Options = ["-l", "h_vmem=1G"] });
        if (RootIsAboveLimits)
        {
            await Assert.That((await job.End()).Summary).IsEqualTo("status 0, output '1048576\n', errors ''");
            return;
        }
        await job.Started();
        await job.Becomes("Eqw");
        await Assert.That(job.Errors).StartsWith("vmappliance: lift limits, ").And.Contains("\n(hint: ask for at least -l h_vmem=");
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }

    // Grid Engine 9.2 counts a starter's address space as the job's memory (maxvmem), and holds it against h_vmem.
    [Test]
    public async Task TheStarterReservesLittleAddressSpace()
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Script = "echo up; sleep 1000\n" });
        await job.Says("up\n");

        await Assert.That(int.Parse(job.Starter.Status("VmSize")[0], System.Globalization.CultureInfo.InvariantCulture)).IsLessThan(400 << 10 /* KiB */);
    }
}
