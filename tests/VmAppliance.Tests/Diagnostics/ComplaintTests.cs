using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Diagnostics;

sealed class ComplaintTests
{
    [Test]
    public async Task A_failure_is_a_sentence_and_its_hint_a_line_of_its_own() =>
        await Assert.That(Complaint.Text(new ApplianceException(Blame.Transient, "claim slot", "job 7.1", "all 2 slots are taken", "wait")))
            .IsEqualTo("vmappliance: claim slot, job 7.1: all 2 slots are taken\n(hint: wait)\n");

    [Test]
    public async Task Without_a_hint_there_is_one_line() =>
        await Assert.That(Complaint.Text(new ApplianceException(Blame.Job, "a", "b", "c"))).IsEqualTo("vmappliance: a, b: c\n");

    [Test]
    public async Task A_failed_system_call_is_a_sentence() =>
        await Assert.That(Complaint.Text(new LinuxException("open", "/x", Errno.EACCES))).IsEqualTo("vmappliance: open /x: Permission denied\n");

    [Test]
    public async Task What_nobody_foresaw_is_told_with_all_its_lines_as_a_defect()
    {
        var text = Complaint.Text(new InvalidOperationException("surprise"));
        await Assert.That(text).StartsWith("vmappliance: unexpected failure: System.InvalidOperationException: surprise");
        await Assert.That(text).EndsWith("(hint: this is a defect of vmappliance; please report these lines)\n");
    }

    [Test]
    [Arguments(Blame.Job)]
    [Arguments(Blame.Node)]
    [Arguments(Blame.Transient)]
    [Arguments(Blame.Machine)]
    [Arguments(Blame.Usage)]
    public async Task Blame_is_the_failures_own(Blame blame) =>
        await Assert.That(Complaint.BlameOf(new ApplianceException(blame, "a", "b", "c"))).IsEqualTo(blame);

    [Test]
    public async Task What_nobody_foresaw_is_the_nodes_fault() =>
        await Assert.That(Complaint.BlameOf(new InvalidOperationException())).IsEqualTo(Blame.Node);
}
