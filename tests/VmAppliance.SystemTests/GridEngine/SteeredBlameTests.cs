using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>
/// An owner's machine is the owner's process, and its channels are the owner's files: whatever is said there, as root's prolog listens, must not
/// put the queue into error state, which would keep everybody's jobs from the node.
/// </summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class SteeredBlameTests
{
    // As soon as the pipe is there, and again and again: each machine of the job's is meant.
    const string SayError = """while :; do printf '{"error":"the owner says so"}\n' 1<> "$0/port.out"; done 2> /dev/null""";

    const string SayQuit = """
        use IO::Socket::UNIX;
        while (1) {
            my $monitor = IO::Socket::UNIX->new(Peer => "$ARGV[0]/qmp.sock") or next;
            print $monitor qq({"execute":"qmp_capabilities"}\n{"execute":"quit"}\n);
            $monitor->flush;
            1 while <$monitor>;
        }
        """;

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task WhatAnOwnerSaysInHisMachinesNameCostsHisJobATryAndNobodyTheQueue()
    {
        await using var queue = await GridQueue.Add(Cell, "steer.q", Cell.Node);
        await using var job = await Cell.Submit(new Submission(queue.Name) { Script = "echo ran\n" });

        await Attack(job, ": it cannot take its identity: the owner says so\n", "sh", "-c", SayError, job.Lease);
        await Attack(job, ": it ended while it booted: ", "perl", "-e", SayQuit, job.Lease);

        await Assert.That((await job.End()).Account.ExitStatus).IsEqualTo(0);
        await Assert.That(job.Output).IsEqualTo("ran\n");
        // 25: to be tried again. In error state the queue would not have run it again.
        await Assert.That((await job.Runs(3)).SkipLast(1).All(r => r.Failed == 25)).IsTrue();
        await Assert.That(await queue.State()).IsEqualTo("");
    }

    async Task Attack(GridJob job, string effect, params IEnumerable<string> words)
    {
        await using var attack = Cell.As(Cell.Owner, words).Start();
        await job.Until($"'{effect}'", () => Task.FromResult(job.Errors.Contains(effect, StringComparison.Ordinal)));
    }
}
