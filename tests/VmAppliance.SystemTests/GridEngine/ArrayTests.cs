namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Tasks of an array job.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ArrayTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task EachTaskHasAMachineOfItsOwn()
    {
        await using var job = await Cell.Submit(new Submission("vm.q")
        {
            Script = """
                echo "$SGE_TASK_ID of $SGE_TASK_FIRST-$SGE_TASK_LAST:$SGE_TASK_STEPSIZE on $(hostname): $(ls /var/tmp/task-* 2>/dev/null)"
                : > /var/tmp/task-$SGE_TASK_ID
                cat /proc/sys/kernel/random/boot_id >&2

                """,
            Options = ["-t", "2-12:2", "-o", "$HOME/array.o$TASK_ID", "-e", "$HOME/array.e$TASK_ID"],
        });
        await job.End();
        var runs = await job.Runs(6);

        int[] tasks = [2, 4, 6, 8, 10, 12];
        await Assert.That(runs.Select(r => $"{r.Task}: {r.ExitStatus}, {r.Failed}").Order()).IsEquivalentTo(tasks.Select(t => $"{t}: 0, 0").Order());
        await Assert.That(tasks.Select(t => File.ReadAllText($"/home/vmauser1/array.o{t}")))
            .IsEquivalentTo(tasks.Select(t => $"{t} of 2-12:2 on vma-{Environment.MachineName.Split('.')[0]}-{job.Id}-{t}: \n"));
        await Assert.That(tasks.Select(t => File.ReadAllText($"/home/vmauser1/array.e{t}")).Distinct().Count()).IsEqualTo(6);
    }
}
