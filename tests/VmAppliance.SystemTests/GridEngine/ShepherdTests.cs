using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>
/// packaging/sge/vmappliance-shepherd. Once it is switched on it stays so until the cell's end, since execd learns of changes some time
/// later: the tests that need it off come before.
/// </summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
[DependsOn(typeof(ForgeryTests), ProceedOnFailure = true), DependsOn(typeof(ProgramTests), ProceedOnFailure = true)]
sealed class ShepherdTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task JobThatTakesItsHooksAwayIsRefused()
    {
        await SwitchOn();
        await using var job = await Refused();
        await Assert.That(await Cell.Admin("qstat", "-j", job.Id).Require())
            .Contains("the value of job_arg1 goes on in a line of its own, which Grid Engine would take for an instruction");
        await Assert.That(job.Output + job.Errors).IsEqualTo("");
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");

        var honest = await Cell.Run(new Submission("native.q") { Words = ["printf", "[%s]", "a b", "x=y"], Options = ["-shell", "n"] });
        await Assert.That(honest.Summary).IsEqualTo("status 0, output '[a b][x=y]', errors ''");
    }

    // As its own comment says: by the configuration of all hosts.
    async Task SwitchOn()
    {
        var text = await Cell.Admin("qconf", "-sconf").Require();
        var file = Path.Combine(await Cell.NewDirectory(), "global");
        await File.WriteAllLinesAsync(file, text.Split('\n').Where(l => !l.StartsWith('#'))
            .Select(l => l.StartsWith("shepherd_cmd ", StringComparison.Ordinal) ? $"shepherd_cmd {Repository.At("packaging/sge/vmappliance-shepherd")}" : l));
        await Cell.Admin("qconf", "-Mconf", file).Require();
    }

    // Until execd knows, such a job runs on the host (where it does no harm): try again.
    async Task<GridJob> Refused()
    {
        GridJob? job = null;
        await Patience.Until("the shepherd's refusal", async () =>
        {
            if (job is not null)
                await job.DisposeAsync();
            job = await Cell.Submit(new Submission("vm.q") { Words = ["true", "x\nprolog=none\nepilog=none\nstarter_method=none"] });
            await job.Started();
            await Patience.Until($"the end of job {job.Id}", () => job.HasRun);
            return await job.State() == "Eqw";
        });
        return job!;
    }
}
