using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Parallel jobs on one host (<c>-pe</c>): the master and the tasks that Grid Engine starts beside it share the job's machine.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ParallelJobTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task MachineIsAsLargeAsTheJobHasSlots()
    {
        var node = Cell.Session.With("size", "queue:size.q.image = demo", "image:demo.cpus = nslots", "image:demo.memory_per_slot = 112MiB");
        await using var queue = await GridQueue.Add(Cell, "size.q", node);
        var job = await Cell.Run(new Submission(queue.Name) { Script = "nproc; awk '/MemTotal/ { print ($2 > 160000 && $2 < 229376) }' /proc/meminfo\n", Options = ["-pe", "smp", "2"] });

        await Assert.That(job.Summary).IsEqualTo("status 0, output '2\n1\n', errors ''");
    }

    [Test]
    public async Task TaskRunsInTheMastersMachine()
    {
        await using var queue = await GridQueue.Add(Cell, "pe.q", Cell.Node);
        await using var job = await Cell.Submit(new Submission(queue.Name)
        {
            Script = """
                echo "$NSLOTS slots of $PE on $NHOSTS host: $(cut -d' ' -f2,3 "$PE_HOSTFILE")"
                for name in "$HOSTNAME" "${HOSTNAME%%.*}" "$(cut -d' ' -f1 "$PE_HOSTFILE")"; do
                    ip -o -4 address | grep -qF " $(getent ahostsv4 "$name" | awk '{ print $1; exit }')/" && echo "the host is here"
                done
                echo "$OMPI_MCA_ras $OMPI_MCA_orte_set_default_slots"
                trap 'wait; kill -SEGV $$' USR1
                mkfifo /tmp/task && echo up
                read -r line < /tmp/task; echo "the task says: $line"
                while :; do sleep 0.1; done 2> /dev/null

                """,
            Options = ["-pe", "smp", "2"],
        });
        await job.Says("up\n");

        // The guest has no Grid Engine in it, so its client is called here, as the master would: with the job's own environment.
        var environment = File.ReadLines($"{job.Spool}/environment").Where(l => l.StartsWith("JOB_ID=", StringComparison.Ordinal)
            || l.StartsWith("SGE_TASK_ID=", StringComparison.Ordinal) || l.StartsWith("SGE_JOB_SPOOL_DIR=", StringComparison.Ordinal));
        var task = await Cell.As(Cell.Owner, ["env", .. environment, "qrsh", "-inherit", Environment.MachineName,
            "echo $PE_HOSTFILE hello from $(hostname) > /tmp/task; echo out; echo err >&2; exit 5"]).Run();
        await job.Says("the task says");
        await Assert.That(job.Machine).IsNotNull();
        job.Starter.Signal(Native.SIGUSR1);
        var end = await job.End();

        await Assert.That(task.ToString()).IsEqualTo(new CommandResult(5, "out\n"u8.ToArray(), "err\n"u8.ToArray()).ToString());
        await Assert.That(end.Output).IsEqualTo($"2 slots of smp on 1 host: 2 pe.q@{Environment.MachineName}\n"
            + "the host is here\nthe host is here\nthe host is here\n^gridengine 2\n"
            + $"up\nthe task says: hello from vma-{Environment.MachineName.Split('.')[0]}-{job.Id}-1\n");
        // Death by a signal is 128 and its number.
        await Assert.That(end.Account.ExitStatus).IsEqualTo(139);
    }
}
