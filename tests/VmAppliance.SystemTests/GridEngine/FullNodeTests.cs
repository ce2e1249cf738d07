using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A node with fewer slots than its queue has, and what a job in the same slot finds of the one before.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class FullNodeTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task JobComesBackLaterAndFindsNothingOfTheOneBefore()
    {
        var node = Cell.Session.With("grid-full", "slots.count = 1", "queue:full.q.image = demo");
        await using var queue = await GridQueue.Add(Cell, "full.q", node);
        await using var first = await Cell.Submit(new Submission(queue.Name)
        {
            // The signal reaches sleep as well, and the shell would say so.
            Script = """
                for place in / /tmp /var/tmp /dev/shm ~; do : > $place/vma-left; done 2>/dev/null
                cp /bin/sleep /tmp/vma-left; setsid /tmp/vma-left 1000 < /dev/null > /dev/null 2>&1 &
                trap 'echo bye; exit 0' USR1
                echo up; while :; do sleep 0.1; done 2> /dev/null

                """,
        });
        await first.Says("up\n");
        await using var second = await Cell.Submit(new Submission(queue.Name)
        {
            Script = "find / ~ /tmp /dev/shm -xdev -name 'vma-left*' 2>/dev/null; cat /proc/[0-9]*/comm | grep vma-left; echo end\n",
        });

        var refused = (await second.Runs(1))[0];
        await Assert.That(refused.Failed).IsEqualTo(25);
        await Assert.That(second.Errors).StartsWith($"vmappliance: claim slot, job {second.Id}.1: all 1 slots are taken\n(hint: ");
        await Assert.That(await queue.State()).IsEqualTo("");

        first.Starter.Signal(Native.SIGUSR1);
        var end = await first.End();
        await Assert.That(end.Summary).IsEqualTo("status 0, output 'up\nbye\n', errors ''");
        end = await second.End();
        await Assert.That(end.Output).IsEqualTo("end\n");
        await Assert.That(end.Account.ExitStatus).IsEqualTo(0);
        await Assert.That(RunningProcess.Mentioning("/tmp/vma-left")).IsEmpty();
        await Assert.That(node.Rests()).IsEmpty();
    }
}
