using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>For which job and which task a control method was called: with two words on every Grid Engine, with three by older queue lines.</summary>
sealed class ControlCallTests
{
    static string Read(string words, Dictionary<string, string> variables)
    {
        var call = ControlCall.Read(words.Split(' ', StringSplitOptions.RemoveEmptyEntries), variables.GetValueOrDefault);
        return $"{call.Key} {call.Starter}";
    }

    static Dictionary<string, string> Variables(string spool, string task) =>
        new Dictionary<string, string> { ["JOB_ID"] = "13", ["SGE_JOB_SPOOL_DIR"] = spool, ["SGE_TASK_ID"] = task }.Where(v => v.Value != "").ToDictionary();

    [Test]
    public async Task Two_words_and_the_environment_of_Grid_Engine_9_are_enough() =>
        await Assert.That(Read("13 327", Description.Variables("9.2", "terminate"))).IsEqualTo("13.2 327");

    [Test]
    public async Task A_task_of_a_parallel_job_is_its_jobs() => await Assert.That(Read("16 99", Description.Variables("9.2", "petask"))).IsEqualTo("16.1 99");

    [Test]
    [Arguments("/spool/active_jobs/13.2", "2", "13.2 327")]
    [Arguments("/spool/active_jobs/13.1", "undefined", "13.1 327")]
    [Arguments("/spool/active_jobs/13.4/1.node", "4", "13.4 327")]
    [Arguments("/spool/active_jobs/14.9", "2", "13.2 327")] // somebody else's: the owner chose it
    [Arguments("", "2", "13.2 327")]
    [Arguments("", "", "13.1 327")]
    public async Task The_task_is_where_both_Grid_Engines_say_it(string spool, string task, string call) =>
        await Assert.That(Read("13 327", Variables(spool, task))).IsEqualTo(call);

    [Test]
    [Arguments("13 0 327", "13.1 327")]
    [Arguments("13 3 327", "13.3 327")]
    public async Task Three_words_go_on_working(string words, string call) =>
        await Assert.That(Read(words, Variables("/spool/active_jobs/13.2", "2"))).IsEqualTo(call);

    [Test]
    [Arguments("", "13.2 0")]
    [Arguments("13", "13.2 0")]
    [Arguments("13 x", "13.2 0")]
    [Arguments("../x 327", " 327")]
    public async Task What_cannot_be_read_signals_nobody(string words, string call) =>
        await Assert.That(Read(words, Variables("/spool/active_jobs/13.2", "2"))).IsEqualTo(call);
}
