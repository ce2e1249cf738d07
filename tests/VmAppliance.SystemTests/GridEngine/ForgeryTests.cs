namespace VmAppliance.SystemTests.GridEngine;

/// <summary>
/// Grid Engine writes a job's arguments into its description as they are, and believes the last line of a name: an argument with a line
/// break can pose as one. Such jobs are refused; where our prolog would not even be asked, see <see cref="ShepherdTests"/>.
/// </summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ForgeryTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    [Arguments("job_owner", "vmauser2")]
    [Arguments("queue", "native.q")]
    [Arguments("starter_method", "none")]
    public async Task ForgedJobIsRefused(string key, string value)
    {
        await using var job = await Cell.Submit(new Submission("vm.q") { Words = ["id", $"x\n{key}={value}"] });
        await job.Started();
        await job.Becomes("Eqw");

        await Refused(job, key);
        await Assert.That(job.Output).IsEqualTo("");
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }

    // Grid Engine's reader takes blanks and '=' before a name away: such lines look like none, and count.
    [Test]
    [Arguments(Cell.Owner)]
    [Arguments(Cell.Other)]
    public async Task NobodyBecomesRootByAnArgument(string owner)
    {
        await using var job = await Cell.Submit(new Submission("vm.q")
        {
            Script = "id -un\n",
            Words = ["x\n=job_owner=root\n=min_uid=0\n=min_gid=0\n=starter_method=none"],
            Owner = owner,
        });
        await job.Started();
        await job.Becomes("Eqw");

        await Refused(job, "job_owner");
        await Assert.That(job.Output).IsEqualTo("");
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }

    // The prolog says it to the job's owner; where the host's execution daemon starts jobs through the shepherd already, that has told Grid Engine.
    async Task Refused(GridJob job, string key)
    {
        if (job.Errors == "")
            await Assert.That(await Cell.Admin("qstat", "-j", job.Id).Require()).Contains("the value of job_arg1 goes on in a line of its own");
        else
            await Assert.That(job.Errors).StartsWith("vmappliance: read job, ").And.Contains($": its description says '{key}' 2 times\n(hint: ");
    }
}
