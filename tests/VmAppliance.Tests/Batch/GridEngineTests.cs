using VmAppliance.Batch;
using VmAppliance.Diagnostics;

namespace VmAppliance.Tests.Batch;

sealed class GridEngineTests
{
    [Test]
    [Arguments(Blame.Job, 100)]
    [Arguments(Blame.Transient, 99)]
    [Arguments(Blame.Full, 99)]
    [Arguments(Blame.Machine, 99)]
    [Arguments(Blame.Node, 1)]
    [Arguments(Blame.Usage, 1)]
    public async Task The_status_of_a_prolog_tells_whose_fault_it_was(Blame blame, int status) =>
        await Assert.That(GridEngine.PrologStatus(blame)).IsEqualTo(status);

    [Test]
    public async Task Without_a_spool_directory_there_is_no_job()
    {
        var failure = Assert.Throws<ApplianceException>(() => GridEngine.CurrentJob("sgeadmin", null));
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(("find job, SGE_JOB_SPOOL_DIR: it is not set", Blame.Usage));
    }
}
