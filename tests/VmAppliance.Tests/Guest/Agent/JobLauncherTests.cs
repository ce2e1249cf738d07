using System.Text;
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
        var (end, output) = End(spec, input);
        return (end.Status, output);
    }

    static (JobEnd End, string Output) End(JobSpec spec, string input = "")
    {
        using var all = new MemoryStream();
        JobInput.Pass(spec, [.. spec.Files.Select(f => f.Open())], new MemoryStream(B(input)), all, Task.CompletedTask);
        using var child = Child.Start(Child.Program, [B("vmappliance"), B("guest"), B("exec")], [], all.ToArray());
        using var sink = new MemoryStream();
        var output = new MarkedOutput(Nonce, sink);
        // Standard error goes the same way, with marks of its own: the first end counts.
        output.Write(child.ReadToEnd());
        var status = child.Wait();
        return (output.Status == status ? output.End!.Value : new JobEnd(-1), Encoding.Latin1.GetString(sink.ToArray()));
    }

    [Test]
    [Arguments("exit 0", 0)]
    [Arguments("exit 3", 3)]
    [Arguments("exit 255", 255)]
    [Arguments("exit 139", 139)]
    public async Task The_status_of_the_job_is_in_the_mark_and_the_launchers_own(string script, int status) => await Assert.That(End(Spec("sh", "-c", script)).End).IsEqualTo(new JobEnd(status));

    [Test]
    [Arguments(9)]
    [Arguments(11)]
    [Arguments(15)]
    [Arguments(64)]
    public async Task A_signal_that_the_job_dies_of_is_told_apart_from_a_status(int signal) =>
        await Assert.That(End(Spec("sh", "-c", $"kill -{signal} $$")).End).IsEqualTo(new JobEnd(128 + signal, signal));

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

    // Its place is the job's choice: a failure is the job's, with its status, and what follows on the way is taken in.
    [Test]
    public async Task A_file_that_cannot_be_put_in_place_is_the_jobs_failure()
    {
        using var directory = new TempDirectory();
        directory.Write("file", "");
        var spec = Spec("true") with { Files = [new(B(directory["file/x/script"]), true) { Content = new byte[200_000] }, new(B(directory["after"]), false) { Content = B("x") }] };
        var (status, output) = Run(spec, "input");
        await Assert.That(status).IsEqualTo(126);
        await Assert.That(output).StartsWith("vmappliance: start job, true: ");
    }

    // Of 70 MiB neither side holds more than a piece.
    [Test]
    public async Task A_script_of_any_length_arrives()
    {
        using var directory = new TempDirectory();
        var script = directory.Write("script", "#!/bin/sh\nwc -c <$0; exit 3\n", 0x1ED);
        using (var file = File.OpenWrite(script))
            file.SetLength(70 << 20);
        await Assert.That(Run(Spec(script) with { Files = [new(B(script), true)] })).IsEqualTo((3, "73400320\n"));
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

    // With a limit a second step becomes the job: what hinders it there comes to the same.
    static IReadOnlyList<Limit>[] Ways => [[], [new Limit(7, 99, 99)]];

    [Test]
    [Arguments("#!/bin/sh\r\necho hi\r\n", 0x1ED, 127, "its interpreter, /bin/sh\\r, is not there: its lines end in carriage returns, as on Windows")]
    [Arguments("#! /nonexistent/interpreter -x\n", 0x1ED, 127, "its interpreter, /nonexistent/interpreter, is not there")]
    [Arguments("#!/etc/passwd\n", 0x1ED, 126, "its interpreter, /etc/passwd, is not executable")]
    [Arguments("#!/bin/sh\n", 0x1A4, 126, "it is not executable")]
    public async Task What_cannot_be_executed_is_refused_and_says_what_is_missing(string text, int mode, int status, string reason)
    {
        using var directory = new TempDirectory();
        var script = directory.Write("script", text, mode);
        foreach (var limits in Ways)
            await Assert.That(End(Spec(script) with { Limits = limits }))
                .IsEqualTo((new JobEnd(status, IsRefused: true), $"vmappliance: start job, {script}: {reason}\n"));
    }

    // A kernel that cannot read the whole of it, too, says that it is no program (fs/binfmt_script.c).
    [Test]
    [Arguments("echo read by /bin/sh\n")]
    [Arguments("#!/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\necho read by /bin/sh\n")]
    public async Task A_script_that_names_no_interpreter_is_read_by_sh(string text)
    {
        using var directory = new TempDirectory();
        foreach (var limits in Ways)
            await Assert.That(End(Spec(directory.Write("script", text, 0x1ED)) with { Limits = limits })).IsEqualTo((new JobEnd(0), "read by /bin/sh\n"));
    }

    [Test]
    public async Task Without_its_directory_the_job_is_refused()
    {
        using var directory = new TempDirectory();
        await Assert.That(End(Spec("pwd") with { Directory = B(directory.Path) })).IsEqualTo((new JobEnd(0), $"{directory.Path}\n"));
        var (end, output) = End(Spec("pwd") with { Directory = B("/nonexistent"), Environment = [B("PATH=/bin"), B($"HOME={directory.Path}")] });
        await Assert.That(end).IsEqualTo(new JobEnd(126, IsRefused: true));
        await Assert.That(output).StartsWith("vmappliance: start job, pwd: its working directory, /nonexistent, is not in the machine\n(hint: missing_directory = make ");
    }

    [Test]
    public async Task Names_that_are_no_text_arrive_byte_for_byte()
    {
        using var directory = new TempDirectory();
        var place = $"{directory.Path}/\xe9";
        var script = new StagedFile(B($"{place}/\xe9"), true) { Content = B("#!/bin/sh\npwd; echo $0 $1; cat\n") };
        var spec = Spec($"{place}/\xe9", "\xe9") with
        {
            Files = [script, new StagedFile(B($"{place}/input"), false) { Content = B("staged") }], Scratch = [B($"{place}/tmp")], Input = B($"{place}/input"),
            Environment = [B("PATH=/bin"), B("\xe9=1")],
        };
        foreach (var limits in Ways)
        {
            await Assert.That(Run(spec with { Limits = limits })).IsEqualTo((0, $"/\n{place}/\xe9 \xe9\nstaged"));
            await Assert.That(Run(Spec("\xe9", "x") with { Limits = limits, Directory = B(place), Input = B("/dev/null"), Environment = [B($"PATH=/bin:{place}")] }))
                .IsEqualTo((0, $"{place}\n{place}/\xe9 x\n"));
        }
        // The runtime could not.
        await Assert.That(Run(Spec("rm", "-r", place)).Status).IsEqualTo(0);
    }

    [Test]
    public async Task The_job_has_its_name_umask_limits_and_files()
    {
        using var directory = new TempDirectory();
        var script = new StagedFile(B(directory["spool/7.1/script"]), true) { Content = B("echo $0; umask; ulimit -n; cat\n") };
        var spec = Spec("/bin/bash", directory["spool/7.1/script"]) with
        {
            Argv0 = B("-bash"), Umask = 0x3F, Limits = [new(7, 99, 99)], Files = [script, new StagedFile(B(directory["input"]), false) { Content = B("staged") }],
            Scratch = [B(directory["tmp/a"])], Input = B(directory["input"]),
        };
        await Assert.That(Run(spec)).IsEqualTo((0, $"{directory["spool/7.1/script"]}\n0077\n99\nstaged"));
        await Assert.That((Directory.Exists(directory["tmp/a"]), (int)File.GetUnixFileMode(directory["spool/7.1/script"]))).IsEqualTo((true, 0x1ED));
    }

    [Test]
    public async Task Limits_that_the_launcher_takes_over_and_those_that_it_cannot_all_arrive()
    {
        Limit[] limits = [new(Limits.CORE, 0, 1 << 20), new(Limits.MEMLOCK, 4096, 8192), new(Limits.MSGQUEUE, 1000, 2000), new(Limits.NOFILE, 99, 200), new(Limits.FSIZE, 1 << 20, 1 << 20)];
        await Assert.That(Run(Spec("/bin/bash", "-c", "for side in -S -H; do ulimit $side -c; ulimit $side -l; ulimit $side -q; ulimit $side -n; ulimit $side -f; done") with { Limits = limits }))
            .IsEqualTo((0, "0\n4\n1000\n99\n1024\n1024\n8\n2000\n200\n1024\n"));
    }
}
