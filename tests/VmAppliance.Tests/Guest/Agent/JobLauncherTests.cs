using System.Text;
using System.Text.Json;
using VmAppliance.Guest;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest.Agent;

/// <summary>The launcher is started as sshd starts it, with a job on its standard input.</summary>
sealed class JobLauncherTests
{
    const string Nonce = "ABCDEF";

    static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    static JobSpec Spec(params string[] words) => new(Nonce, [.. words.Select(B)], null, [B("PATH=/usr/bin:/bin"), B("HOME=/")], "/"u8.ToArray(), 0x12, [], [], [], null, false);

    static (int Status, string Output) Run(JobSpec spec, string input = "")
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(spec, GuestJson.Default.JobSpec);
        using var child = Child.Start(Child.Program, [B("vmappliance"), B("guest"), B("exec")], [], [.. BitConverter.GetBytes(header.Length), .. header, OutputMark.Go, .. B(input)]);
        using var sink = new MemoryStream();
        var output = new MarkedOutput(Nonce, sink);
        // Standard error goes the same way, with marks of its own: the first end counts.
        output.Write(child.ReadToEnd());
        var status = child.Wait();
        return (output.Status == status ? status : -1, Encoding.Latin1.GetString(sink.ToArray()));
    }

    [Test]
    [Arguments("exit 0", 0)]
    [Arguments("exit 3", 3)]
    [Arguments("exit 255", 255)]
    [Arguments("kill -TERM $$", 143)]
    [Arguments("kill -KILL $$", 137)]
    public async Task The_status_of_the_job_is_in_the_mark_and_the_launchers_own(string script, int status) => await Assert.That(Run(Spec("sh", "-c", script)).Status).IsEqualTo(status);

    [Test]
    [Arguments(int.MaxValue)]
    [Arguments((64 << 20) + 1)]
    [Arguments(0)]
    [Arguments(-1)]
    public async Task A_description_without_bounds_is_refused(int size)
    {
        using var child = Child.Start(Child.Program, [B("vmappliance"), B("guest"), B("exec")], [], BitConverter.GetBytes(size));
        await Assert.That(Encoding.Latin1.GetString(child.ReadToEnd())).Contains($"a job's description cannot have {size} bytes");
        await Assert.That(child.Wait()).IsNotEqualTo(0);
    }

    [Test]
    public async Task Words_input_and_environment_arrive_byte_for_byte()
    {
        await Assert.That(Run(Spec("printf", "%s|", "", "a b", "one\ntwo", "\xff\xfe"))).IsEqualTo((0, "|a b|one\ntwo|\xff\xfe|"));
        await Assert.That(Run(Spec("cat"), "in\0put\xff\n").Output).IsEqualTo("in\0put\xff\n");
        await Assert.That(Run(Spec("/usr/bin/env") with { Environment = [B("A=\xff\n="), B("B=")] }).Output).IsEqualTo("A=\xff\n=\nB=\n");
    }

    [Test]
    public async Task A_program_is_looked_up_in_the_jobs_own_path()
    {
        using var directory = new TempDirectory();
        directory.Write("mine", "#!/bin/sh\necho found\n", 0x1ED);
        await Assert.That(Run(Spec("mine") with { Environment = [B($"PATH=/nonexistent:{directory.Path}")] })).IsEqualTo((0, "found\n"));
        var (status, output) = Run(Spec("mine"));
        await Assert.That(status).IsEqualTo(127);
        await Assert.That(output).Contains("vmappliance: start job, mine: No such file or directory\n");
    }

    [Test]
    public async Task What_cannot_be_executed_has_the_status_that_shells_give_it() => await Assert.That(Run(Spec("/etc/passwd")).Status).IsEqualTo(126);

    [Test]
    public async Task The_job_has_its_directory_or_else_its_home()
    {
        using var directory = new TempDirectory();
        await Assert.That(Run(Spec("pwd") with { Directory = B(directory.Path) }).Output).IsEqualTo($"{directory.Path}\n");
        await Assert.That(Run(Spec("pwd") with { Directory = B("/nonexistent"), Environment = [B("PATH=/bin"), B($"HOME={directory.Path}")] }).Output).IsEqualTo($"{directory.Path}\n");
        await Assert.That(Run(Spec("pwd") with { Directory = B("/nonexistent"), Environment = [B("PATH=/bin")] }).Output).IsEqualTo("/\n");
    }

    [Test]
    public async Task The_job_has_its_name_umask_limits_and_files()
    {
        using var directory = new TempDirectory();
        var script = new StagedFile(directory["spool/7.1/script"], B("echo $0; umask; ulimit -n; cat\n"), true);
        var spec = Spec("/bin/bash", script.Path) with
        {
            Argv0 = B("-bash"), Umask = 0x3F, Limits = [new(7, 99, 99)], Files = [script, new StagedFile(directory["input"], B("staged"), false)],
            Scratch = [directory["tmp/a"]], Input = directory["input"],
        };
        await Assert.That(Run(spec)).IsEqualTo((0, $"{script.Path}\n0077\n99\nstaged"));
        await Assert.That((Directory.Exists(directory["tmp/a"]), (int)File.GetUnixFileMode(script.Path))).IsEqualTo((true, 0x1ED));
    }

    [Test]
    public async Task Limits_that_the_launcher_takes_over_and_those_that_it_cannot_all_arrive()
    {
        Limit[] limits = [new(Limits.CORE, 0, 1 << 20), new(Limits.MEMLOCK, 4096, 8192), new(Limits.MSGQUEUE, 1000, 2000), new(Limits.NOFILE, 99, 200), new(Limits.FSIZE, 1 << 20, 1 << 20)];
        await Assert.That(Run(Spec("/bin/bash", "-c", "for side in -S -H; do ulimit $side -c; ulimit $side -l; ulimit $side -q; ulimit $side -n; ulimit $side -f; done") with { Limits = limits }))
            .IsEqualTo((0, "0\n4\n1000\n99\n1024\n1024\n8\n2000\n200\n1024\n"));
    }
}
