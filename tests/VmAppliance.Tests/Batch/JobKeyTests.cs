using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

sealed class JobKeyTests
{
    const string Longest = "abcdefghijklmnopqrstuvwxyz012345";

    [Test]
    [Arguments("7", "1", "7.1")]
    [Arguments("7", "undefined", "7.1")]
    [Arguments("7", "0", "7.1")]
    [Arguments("7", "", "7.1")]
    [Arguments("7", null, "7.1")]
    [Arguments("7", "12", "7.12")]
    [Arguments("7", "2147483647", "7.2147483647")]
    [Arguments("run4242", "1", "run4242.1")]
    [Arguments("a-b_C", "3", "a-b_C.3")]
    [Arguments(Longest, "1", Longest + ".1")]
    public async Task A_job_and_its_task_make_a_key(string id, string? task, string key) =>
        await Assert.That(JobKey.Parse(id, task)?.ToString()).IsEqualTo(key);

    [Test]
    [Arguments("")]
    [Arguments(null)]
    [Arguments(".")]
    [Arguments("..")]
    [Arguments("../x")]
    [Arguments("/etc")]
    [Arguments("7/8")]
    [Arguments("7.1")]
    [Arguments("7\n")]
    [Arguments("\n7")]
    [Arguments("7 8")]
    [Arguments("7\08")]
    [Arguments("7;id")]
    [Arguments("$(id)")]
    [Arguments("７")]
    [Arguments("é")]
    [Arguments(Longest + "x")]
    public async Task An_id_that_could_be_more_than_a_name_is_refused(string? id) =>
        await Assert.That(JobKey.Parse(id, "1")).IsNull();

    [Test]
    [Arguments("-1")]
    [Arguments("+1")]
    [Arguments(" 1")]
    [Arguments("1\n")]
    [Arguments("1.5")]
    [Arguments("0x1")]
    [Arguments("2147483648")]
    [Arguments("../1")]
    [Arguments("UNDEFINED")]
    public async Task A_task_that_is_no_number_is_refused(string task) => await Assert.That(JobKey.Parse("7", task)).IsNull();

    [Test]
    [Arguments("7.1")]
    [Arguments("run4242.1")]
    [Arguments("a-b.99")]
    public async Task A_key_reads_back(string text) => await Assert.That(JobKey.Parse(text)?.ToString()).IsEqualTo(text);

    [Test]
    [Arguments("")]
    [Arguments(".")]
    [Arguments("7")]
    [Arguments("7.")]
    [Arguments(".1")]
    [Arguments("7.0")]
    [Arguments("7.undefined")]
    [Arguments("7.01")]
    [Arguments("7.1.1")]
    [Arguments("../7.1")]
    [Arguments("7.1\n")]
    [Arguments("1.localhost")]
    public async Task A_name_that_no_key_would_print_is_none(string text) => await Assert.That(JobKey.Parse(text)).IsNull();
}
