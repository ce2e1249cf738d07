using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Prolog and epilog as the job's owner, through sudo, where a queue cannot have <c>root@</c>.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class SudoTests
{
    const string Hooks = "/usr/libexec/vmappliance";

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task OwnersHooksBecomeRootForTheirOwnJobsOnly()
    {
        var rules = $"/etc/sudoers.d/vma-test-{Environment.ProcessId}";
        RemoveStale();
        Directory.CreateSymbolicLink(Hooks, Cell.Node.Hooks);
        try
        {
            await Install(rules);
            await using var queue = await GridQueue.Add(Cell, "sudo.q");
            await queue.Setup(Hooks, "--sudo");
            await Assert.That(await queue.Attributes()).Contains($"{Hooks}/prolog").And.DoesNotContain("root@");
            await using var job = await Cell.Submit(new Submission(queue.Name)
            {
                Script = "trap 'exit 0' USR1; echo up; while :; do sleep 0.1; done 2> /dev/null\n", Options = ["-v", "PATH=/nonexistent:/usr/bin:/bin"],
            });
            await job.Says("up\n");
            var machine = job.Machine!.Pid;

            var prolog = await As(Cell.Other, job, "prolog").Run();
            await Assert.That(prolog.Status).IsEqualTo(100);
            await Assert.That(prolog.ErrorLines[0]).IsEqualTo($"vmappliance: find job, {job.Spool}: it belongs to {Cell.Owner}, not to the caller");
            await Assert.That((await As(Cell.Other, job, "epilog").Run()).ToString()).IsEqualTo(new CommandResult(0, [], []).ToString());
            // Not with arguments, not another program, not as somebody else.
            foreach (var words in new[] { "prolog x", "starter", "../bin/vmappliance", "-u vmauser1 prolog" })
                await Assert.That((await As(Cell.Other, job, words).Run()).ErrorText).Contains("a password is required");
            await Assert.That(job.Machine?.Pid).IsEqualTo(machine);

            job.Starter.Signal(Native.SIGUSR1);
            var end = await job.End();
            await Assert.That(end.Summary).IsEqualTo("status 0, output 'up\n', errors ''");
            await Assert.That(end.Account.Cpu).IsGreaterThan(0.3);
            await Assert.That(Directory.Exists(job.Lease)).IsFalse();
        }
        finally
        {
            File.Delete(rules);
            File.Delete(Hooks);
        }
    }

    // Of a session that was killed: they must not stay on this machine.
    static void RemoveStale()
    {
        foreach (var rules in Directory.GetFiles("/etc/sudoers.d", "vma-test-*").Where(r => !Directory.Exists($"/proc/{r.Split('-')[^1]}")))
            File.Delete(rules);
        if (new FileInfo(Hooks).LinkTarget is { } target && target.StartsWith("/var/lib/vma-test-", StringComparison.Ordinal) && !Directory.Exists(target))
            File.Delete(Hooks);
    }

    // The product's rules, for the test's accounts instead of a group.
    static async Task Install(string rules)
    {
        var text = await File.ReadAllTextAsync(Repository.At("packaging/sudoers.d/vmappliance"));
        await File.WriteAllTextAsync(rules, text.Replace("%vmappliance-users", $"{Cell.Owner}, {Cell.Other}", StringComparison.Ordinal));
        await new Command("chmod", "440", rules).Require();
        await new Command("visudo", "--check", "--quiet", "--file", rules).Require();
    }

    Command As(string user, GridJob job, string words)
    {
        var split = words.Split(' ');
        var (options, call) = split[0] == "-u" ? (split[..2], split[2..]) : ([], split);
        return Cell.As(user, ["env", $"SGE_JOB_SPOOL_DIR={job.Spool}", "sudo", "-n", .. options, $"{Hooks}/{call[0]}", .. call[1..]]);
    }
}
