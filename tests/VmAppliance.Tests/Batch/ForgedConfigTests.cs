using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Batch;

/// <summary>
/// Grid Engine writes a job's words into its description as they are, line breaks included, and believes the last of equal keys. The shepherd takes
/// as a key what stands before the first blank or '=' (leading blanks skipped), and cuts a line at 99999 bytes.
/// </summary>
[RequiresRoot]
sealed class ForgedConfigTests
{
    // In the order in which execd writes them.
    const string Config = """
        stdout_path=/home/alice
        shell_path=/bin/sh{shell}
        script_file=/bin/true{command}
        job_owner=alice
        min_gid=0
        min_uid=0
        cwd=/home/alice{cwd}
        prolog=root@/usr/libexec/vmappliance/prolog
        epilog=root@/usr/libexec/vmappliance/epilog
        starter_method=/usr/libexec/vmappliance/starter
        suspend_method=/usr/libexec/vmappliance/suspend $job_id $ja_task_id $job_pid
        queue=vm.q
        job_name=x
        job_id=7
        ja_task_id=0
        handle_as_binary=1
        njob_args=1
        job_arg1=one{argument}
        queue_tmpdir=/tmp
        admin_user=sgeadmin

        """;

    static SpoolDirectory Open(TempDirectory directory, string hole, string text)
    {
        var config = Config.Replace($"{{{hole}}}", text, StringComparison.Ordinal);
        foreach (var other in new[] { "shell", "command", "cwd", "argument" })
            config = config.Replace($"{{{other}}}", "", StringComparison.Ordinal);
        directory.Write("config", config);
        Files.Change(directory.Path, 0x1ED, 0, 0);
        return SpoolDirectory.OpenTrusted(directory.Path, () => -1);
    }

    static ApplianceException Refused(string hole, string text)
    {
        using var directory = new TempDirectory();
        return Assert.Throws<ApplianceException>(() => Open(directory, hole, text));
    }

    [Test]
    public async Task A_description_without_forgery_is_read()
    {
        using var directory = new TempDirectory();
        var spool = Open(directory, "argument", "");
        await Assert.That((spool.Require("job_owner"), spool.Require("queue"), spool.Require("job_id"), spool.Arguments!.Single())).IsEqualTo(("alice", "vm.q", "7", "one"));
    }

    [Test]
    [Arguments("shell")]
    [Arguments("command")]
    [Arguments("cwd")]
    [Arguments("argument")]
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
    public async Task Every_key_that_decides_anything_must_stand_alone(string line) => await Assert.That(Refused("argument", $"\n{line}").Blame).IsEqualTo(Blame.Job);

    [Test]
    [Arguments("job_owner root")]
    [Arguments(" job_owner=root")]
    [Arguments("   job_owner root")]
    [Arguments("job_owner =root")]
    public async Task A_key_is_what_the_shepherd_takes_as_one(string line) => await Assert.That(Refused("argument", $"\n{line}").Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task A_line_that_the_shepherd_would_cut_is_a_forgery_too() =>
        await Assert.That(Refused("argument", new string('x', 99_999 - "job_arg1=one".Length) + "job_owner=root").Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task A_description_that_the_jobs_words_made_too_large_is_the_jobs_fault_and_not_the_nodes() =>
        await Assert.That(Refused("shell", "\n" + string.Concat(Enumerable.Repeat(new string('x', 90_000) + "\n", 60))).Blame).IsEqualTo(Blame.Job);

    [Test]
    public async Task Many_line_breaks_in_an_argument_do_not_keep_root_busy()
    {
        using var directory = new TempDirectory();
        var text = string.Concat(Enumerable.Repeat("\n" + new string('x', 80), 5_000));
        var begin = Environment.TickCount64;
        await Assert.That(Open(directory, "argument", text).Arguments!.Single().Length).IsEqualTo(text.Length + 3);
        await Assert.That(Environment.TickCount64 - begin).IsLessThan(1000);
    }

    [Test]
    [Arguments("\ntwo lines")]
    [Arguments("\nowner=root")]
    [Arguments("\nmy_job_owner=root")]
    [Arguments("\nFOO=bar")]
    public async Task A_line_break_that_forges_nothing_is_an_argument(string text)
    {
        using var directory = new TempDirectory();
        await Assert.That(Open(directory, "argument", text).Arguments!.Single()).IsEqualTo($"one{text}");
    }

    [Test]
    public async Task A_missing_key_is_the_nodes_fault()
    {
        using var directory = new TempDirectory();
        var spool = Open(directory, "argument", "");
        await Assert.That(Assert.Throws<ApplianceException>(() => spool.Require("cell")).Message).EndsWith("its description has no 'cell'");
        await Assert.That(spool.Value("cell")).IsNull();
    }
}
