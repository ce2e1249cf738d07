using VmAppliance.Diagnostics;
using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

/// <summary>When a job that comes again and again in vain is not tried any more, and what is said of it.</summary>
sealed class TriesTests
{
    static readonly DateTimeOffset s_since = DateTimeOffset.UnixEpoch;

    static Tries Of(int count, bool othersBegan) =>
        new("7.1", count, s_since, "alice", "/spool/7.1", "demo", "boot", othersBegan);

    static string? Found(int count, bool othersBegan, Blame blame, int minutes) =>
        Of(count, othersBegan).Finding(blame, s_since.AddMinutes(minutes))?.Blame.ToString();

    [Test]
    [Arguments(4, true, 600, null)]
    [Arguments(4, false, 600, null)]
    [Arguments(5, true, 0, "Job")]
    [Arguments(5, false, 0, "Machine")]
    [Arguments(500, false, 59, "Machine")]
    [Arguments(5, false, 60, "Job")]
    [Arguments(5, false, -60, "Job")]
    public async Task What_others_can_is_the_jobs_fault_and_nothing_goes_on_for_ever(
        int count, bool othersBegan, int minutes, string? blame) =>
        await Assert.That(Found(count, othersBegan, Blame.Machine, minutes)).IsEqualTo(blame);

    // A lock, or a device that stays busy, may meet one job alone, whatever others do.
    [Test]
    [Arguments(59, "Transient")]
    [Arguments(60, "Job")]
    public async Task A_trouble_of_the_nodes_is_no_jobs_fault_at_once(int minutes, string blame) =>
        await Assert.That(Found(5, othersBegan: true, Blame.Transient, minutes)).IsEqualTo(blame);

    [Test]
    public async Task It_is_said_how_often_it_came_whose_fault_it_looks_like_and_why_it_failed_this_time()
    {
        var last = new ApplianceException(Blame.Machine, "wait for machine", "vma-7.1", "it ended");
        var own = Of(5, true).Finding(Blame.Machine, s_since.AddMinutes(2), last)!;
        var others = Of(6, false).Finding(Blame.Machine, s_since.AddMinutes(2))!;
        await Assert.That(own.Message).IsEqualTo("start job, job 7.1: it has come 5 times within 2 min "
            + "and has never begun, while other jobs of image demo have begun here: "
            + "it looks like the job's own fault; this time: wait for machine, vma-7.1: it ended");
        await Assert.That(others.Message).IsEqualTo("start job, job 7.1: it has come 6 times within 2 min "
            + "and has never begun, and no later job of image demo has begun here: "
            + "it looks like the fault of the image or of this node");
        await Assert.That(own.Hint).IsEqualTo("it is not tried again; when that is mended: qmod -cj");
        await Assert.That(others.Hint).IsEqualTo("it is tried for 60 min; then it is in error");
    }
}
