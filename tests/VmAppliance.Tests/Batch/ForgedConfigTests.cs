using System.Text;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Batch;

/// <summary>
/// Grid Engine writes a job's words into its description as they are, line breaks included, and believes the last of equal keys: what a root
/// hook makes of one.
/// </summary>
[RequiresRoot]
sealed class ForgedConfigTests
{
    static SpoolDirectory Open(TempDirectory directory, string name, string text, string version = "8.1.9")
    {
        File.WriteAllText(directory["config"], Description.With(Description.Text(version, "binary"), name, text), Encoding.Latin1);
        Files.Change(directory.Path, 0x1ED, 0, 0);
        return SpoolDirectory.OpenTrusted(directory.Path, () => -1);
    }

    static string Text(SpoolDirectory spool) => Encoding.Latin1.GetString(spool.Arguments!.Single());

    static ApplianceException Refused(string hole, string text)
    {
        using var directory = new TempDirectory();
        return Assert.Throws<ApplianceException>(() => Open(directory, hole, text));
    }

    [Test]
    public async Task A_description_without_forgery_is_read()
    {
        using var directory = new TempDirectory();
        var spool = Open(directory, "job_arg1", "");
        await Assert.That((spool.Require("job_owner"), spool.Require("queue"), spool.Require("job_id"), Text(spool))).IsEqualTo(("alice", "native.q", "2", "binary"));
    }

    [Test]
    [Arguments("shell_path")]
    [Arguments("script_file")]
    [Arguments("cwd")]
    [Arguments("stdout_path")]
    [Arguments("job_name")]
    [Arguments("account")]
    [Arguments("mail_list")]
    [Arguments("job_arg1")]
    public async Task Another_owner_is_the_jobs_fault_wherever_it_was_put(string hole)
    {
        var failure = Refused(hole, "\njob_owner=root");
        await Assert.That((failure.Blame, failure.Hint is null)).IsEqualTo((Blame.Job, false));
        await Assert.That(failure.Message).EndsWith("its description says 'job_owner' 2 times");
    }

    [Test]
    [Arguments("queue=native.q")]
    [Arguments("job_id=8")]
    [Arguments("ja_task_id=2")]
    [Arguments("prolog=none")]
    [Arguments("epilog=none")]
    [Arguments("starter_method=none")]
    [Arguments("suspend_method=none")]
    [Arguments("min_uid=0")]
    [Arguments("min_gid=0")]
    [Arguments("shell_path=/bin/sh")]
    [Arguments("script_file=/etc/shadow")]
    [Arguments("cwd=/root")]
    [Arguments("admin_user=alice")]
    [Arguments("handle_as_binary=0")]
    public async Task Every_key_that_decides_anything_must_stand_alone(string line) => await Assert.That(Refused("job_arg1", $"\n{line}").Blame).IsEqualTo(Blame.Job);

    [Test]
    [Arguments("job_owner root")]
    [Arguments(" job_owner=root")]
    [Arguments("   job_owner root")]
    [Arguments("job_owner =root")]
    [Arguments("=job_owner=root")]
    [Arguments(" = =job_owner root")]
    [Arguments("= ")]
    public async Task A_key_is_what_the_shepherd_takes_as_one(string line) => await Assert.That(Refused("job_arg1", $"\n{line}").Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task A_line_that_the_shepherd_would_cut_is_a_forgery_too() =>
        await Assert.That(Refused("job_arg1", new string('x', 99_999 - "job_arg1=binary".Length) + "job_owner=root").Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task A_description_that_the_jobs_words_made_too_large_is_the_jobs_fault_and_not_the_nodes() =>
        await Assert.That(Refused("shell_path", "\n" + string.Concat(Enumerable.Repeat(new string('x', 90_000) + "\n", 60))).Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task Many_line_breaks_in_an_argument_do_not_keep_root_busy()
    {
        using var directory = new TempDirectory();
        var text = string.Concat(Enumerable.Repeat("\n" + new string('x', 80), 5_000));
        var begin = Environment.TickCount64;
        await Assert.That(Text(Open(directory, "job_arg1", text)).Length).IsEqualTo(text.Length + "binary".Length);
        await Assert.That(Environment.TickCount64 - begin).IsLessThan(1000);
    }

    [Test]
    [Arguments("\ntwo lines")]
    [Arguments("\nowner=root")]
    [Arguments("\nmy_job_owner=root")]
    [Arguments("\nFOO=bar")]
    [Arguments("\n\nafter an empty line")]
    [Arguments("\n\u00e4\u00ff\u0001 of no encoding")]
    public async Task A_line_break_that_forges_nothing_is_an_argument(string text)
    {
        using var directory = new TempDirectory();
        await Assert.That(Text(Open(directory, "job_arg1", text))).IsEqualTo($"binary{text}");
    }

    [Test]
    public async Task A_missing_key_is_the_nodes_fault()
    {
        using var directory = new TempDirectory();
        var spool = Open(directory, "job_arg1", "");
        await Assert.That(Assert.Throws<ApplianceException>(() => spool.Require("cell")).Message).EndsWith("its description has no 'cell'");
        await Assert.That(spool.Value("cell")).IsNull();
    }

    [Test]
    [Arguments("8.1.9")]
    [Arguments("9.2")]
    public async Task The_words_that_made_a_job_root_are_its_fault(string version)
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Open(directory, "job_arg1", "\n=job_owner=root\n=min_uid=0\n=min_gid=0\n=starter_method=none", version));
        await Assert.That((failure.Blame, failure.Hint is null)).IsEqualTo((Blame.Job, false));
    }

    [Test]
    public async Task Values_are_bytes_and_not_text()
    {
        using var directory = new TempDirectory();
        var spool = Open(directory, "cwd", "/\u00e4\u00ff");
        await Assert.That(Encoding.Latin1.GetString(spool.Bytes("cwd")!)).IsEqualTo("/home/alice/\u00e4\u00ff");
    }
}
