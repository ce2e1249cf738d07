using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Modes;

/// <summary>The program under test is started by the names of its links, as Grid Engine does.</summary>
sealed class HooksTests
{
    static (int Status, string Output) Run(string[] argv, params string[] environment)
    {
        using var child = Child.Start(argv[0] == "prlimit" ? argv[0] : Child.Program, [.. argv.Select(Encoding.UTF8.GetBytes)], [.. environment.Prepend("PATH=/usr/bin:/bin").Select(Encoding.UTF8.GetBytes)]);
        var output = Encoding.UTF8.GetString(child.ReadToEnd());
        return (child.Wait(), output);
    }

    const string NoJob = "vmappliance: find job, JOB_ID: it is not set\n(hint: this mode is a method of Grid Engine)\n";

    [Test]
    [Arguments("starter", 99)]
    [Arguments("-starter", 99)]
    [Arguments("/usr/libexec/vmappliance/starter", 99)]
    [Arguments("suspend", 1)]
    [Arguments("/some/where/resume", 1)]
    [Arguments("terminate", 1)]
    public async Task The_name_of_the_link_is_the_mode(string name, int status) => await Assert.That(Run([name, "/bin/true"])).IsEqualTo((status, NoJob));

    [Test]
    [RequiresRoot]
    public async Task A_full_pipe_as_standard_error_does_not_hold_up_a_hook_of_roots_which_leaves_nothing_in_its_jobs_directory()
    {
        const int Capacity = 65536; // pipe(7)
        var (read, write) = Descriptor.Pipe();
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        write.WriteAll(new byte[Capacity]);
        var pid = Spawn.Start(Child.Program, ["prolog"u8.ToArray()], [], [nothing.Number, nothing.Number, write.Number], "/tmp"u8.ToArray());
        using var hook = ProcessHandle.Open(pid)!;
        // It waits for a moment: time to look at it.
        var deadline = Deadline.In(TimeSpan.FromSeconds(20));
        while (!deadline.Passed && new FileInfo($"/proc/{pid}/cwd").LinkTarget != "/" && !hook.Ended(Deadline.In(TimeSpan.FromMilliseconds(10))))
        {
            // Until it has begun.
        }
        var core = File.ReadLines($"/proc/{pid}/limits").First(l => l.StartsWith("Max core file size", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var ended = hook.Ended(Deadline.In(TimeSpan.FromSeconds(20)));
        hook.Signal(Kill.SIGKILL);
        await Assert.That((ended, ProcessHandle.Reap(pid), string.Join(' ', core[4..6]))).IsEqualTo((true, 1, "0 0"));
        read.Dispose();
        write.Dispose();
    }

    [Test]
    [RequiresRoot]
    [Arguments("64")]
    public async Task A_hook_of_roots_works_however_few_files_its_job_may_open(string files)
    {
        var (status, output) = Run(["prlimit", $"--nofile={files}:{files}", Child.Program, "prolog"]);
        await Assert.That((status, output.Split('\n')[0])).IsEqualTo((1, "vmappliance: find job, SGE_JOB_SPOOL_DIR: it is not set"));
    }

    [Test]
    [Arguments("starter", 99)]
    [Arguments("suspend", 1)]
    public async Task The_first_argument_is_the_mode(string mode, int status) => await Assert.That(Run(["vmappliance", mode])).IsEqualTo((status, NoJob));

    [Test]
    [Arguments("suspend")]
    [Arguments("terminate")]
    public async Task A_method_whose_job_is_none_is_told(string method) =>
        await Assert.That(Run([method, "../../etc", "1", "0"])).IsEqualTo((1, NoJob));

    [Test]
    public async Task A_job_without_a_machine_here_is_run_again_elsewhere()
    {
        var (status, output) = Run(["starter", "/bin/true"], "JOB_ID=4242424242", "SGE_TASK_ID=undefined");
        await Assert.That((status, output)).IsEqualTo((99, "vmappliance: start job, job 4242424242.1: it has no machine on this node\n(hint: is the queue's prolog set?)\n"));
    }

    [Test]
    [RequiresRoot]
    public async Task A_prolog_without_a_job_is_the_nodes_fault_and_an_epilog_never_fails_a_job()
    {
        var (status, output) = Run(["prolog"]);
        await Assert.That(status).IsEqualTo(1);
        await Assert.That(output).StartsWith("vmappliance: find job, SGE_JOB_SPOOL_DIR: it is not set\n(hint: ");
        await Assert.That(Run(["epilog"]).Status).IsEqualTo(0);
    }

    [Test]
    public async Task Help_for_a_hook_is_help_and_runs_nothing()
    {
        var (status, output) = Run(["vmappliance", "starter", "--help"]);
        await Assert.That(status).IsEqualTo(0);
        await Assert.That(output).Contains("Hook: ");
    }

    [Test]
    public async Task A_name_that_is_no_hook_is_the_ordinary_command_line() =>
        await Assert.That(Run(["prologue"]).Status).IsEqualTo(64);

    [Test]
    public async Task Hooks_are_told_apart_from_words_that_look_like_them()
    {
        var (status, output) = Run(["vmappliance", "Prolog"]);
        await Assert.That(status).IsEqualTo(64);
        await Assert.That(output).StartsWith("vmappliance: read command line, vmappliance: ");
        await Assert.That(output).EndsWith("(hint: vmappliance --help)\n");
    }
}
