using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

sealed class GridEngineCommandTests
{
    static BatchCommand Read(string[] words, Dictionary<string, string> variables, string? config = null)
    {
        using var directory = new TempDirectory();
        if (config is not null)
            directory.Write("config", config);
        return new GridEngineCommand([.. words.Select(Encoding.UTF8.GetBytes)], variables.GetValueOrDefault, config is null ? null : SpoolDirectory.OpenOwn(directory.Path)).Read();
    }

    static string Words(BatchCommand command) => string.Concat(command.Arguments.Select(a => $"[{Encoding.UTF8.GetString(a)}]"));

    static BatchCommand Script(TempDirectory directory, string text, string mode, params string[] more) => Script(directory, text, mode, null, more);

    static BatchCommand Script(TempDirectory directory, string text, string mode, string? first, string[] more)
    {
        var script = directory.Write("script", text);
        var variables = new Dictionary<string, string>
        {
            ["JOB_SCRIPT"] = script,
            ["SGE_STARTER_SHELL_PATH"] = "/bin/dash",
            ["SGE_STARTER_SHELL_START_MODE"] = mode,
        };
        foreach (var pair in more)
            variables[pair.Split('=')[0]] = pair.Split('=')[1];
        return Read([first ?? script, "one", "", "two words"], variables);
    }

    [Test]
    [Arguments("posix_compliant")]
    [Arguments("")]
    public async Task A_script_is_read_by_the_shell_of_dash_S_and_its_first_line_does_not_count(string mode)
    {
        using var directory = new TempDirectory();
        var command = Script(directory, "#!/bin/awk -f\n", mode);
        await Assert.That(Words(command)).IsEqualTo($"[/bin/dash][{directory["script"]}][one][][two words]");
        await Assert.That((command.Argv0, command.Input)).IsEqualTo(("dash", (string?)null));
        await Assert.That(command.Files.Single()).Member(f => f.Path, path => path.IsEqualTo(directory["script"]));
        await Assert.That(command.Files.Single().Executable).IsTrue();
    }

    // Without such a line the kernel refuses it, and /bin/sh reads it, whatever shell was named.
    [Test]
    [Arguments("#!/bin/awk -f\n")]
    [Arguments("echo\n")]
    [Arguments("")]
    public async Task In_unix_behavior_the_first_line_of_a_script_counts(string text)
    {
        using var directory = new TempDirectory();
        var command = Script(directory, text, "unix_behavior", "SGE_STARTER_USE_LOGIN_SHELL=true");
        await Assert.That((Words(command), command.Argv0)).IsEqualTo(($"[{directory["script"]}][one][][two words]", null));
        await Assert.That(command.Files.Single().Executable).IsTrue();
    }

    // As a starter of 8.1.9 was seen to be called: argv "-s" one "" "two words", the script on descriptor 0, its path in JOB_SCRIPT only.
    [Test]
    public async Task A_script_from_stdin_is_the_shells_standard_input()
    {
        using var directory = new TempDirectory();
        var command = Script(directory, "echo\n", "script_from_stdin", "-s", ["SGE_STARTER_USE_LOGIN_SHELL=true"]);
        await Assert.That((Words(command), command.Argv0, command.Input)).IsEqualTo(("[/bin/dash][-s][one][][two words]", "-dash", directory["script"]));
        await Assert.That(command.Files.Single().Path).IsEqualTo(directory["script"]);
    }

    [Test]
    [Arguments("handle_as_binary=1\nno_shell=0\n", "[/bin/bash][-c][/bin/echo one two words ]")]
    [Arguments("handle_as_binary=1\nno_shell=1\n", "[/bin/echo][one][two words]")]
    public async Task A_program_in_a_queue_whose_scripts_come_from_stdin_has_its_name_elsewhere(string config, string words)
    {
        Dictionary<string, string> variables = new()
        {
            ["JOB_SCRIPT"] = "/bin/echo", ["SGE_STARTER_SHELL_PATH"] = "/bin/bash", ["SGE_STARTER_SHELL_START_MODE"] = "script_from_stdin",
        };
        var command = Read(["-s", "one", "two words"], variables, config);
        await Assert.That((Words(command), command.Input, command.Files.Count)).IsEqualTo((words, null, 0));
    }

    [Test]
    public async Task A_login_shell_is_called_by_its_name_with_a_dash()
    {
        using var directory = new TempDirectory();
        await Assert.That(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_USE_LOGIN_SHELL=true").Argv0).IsEqualTo("-dash");
        await Assert.That(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_USE_LOGIN_SHELL=false").Argv0).IsEqualTo("dash");
    }

    [Test]
    public async Task A_script_without_a_shell_is_read_by_sh()
    {
        using var directory = new TempDirectory();
        await Assert.That(Words(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_SHELL_PATH="))).StartsWith("[/bin/sh][");
    }

    [Test]
    public async Task A_scripts_content_goes_along_byte_for_byte()
    {
        using var directory = new TempDirectory();
        byte[] content = [0xFF, 0, (byte)'\n', 0xC3];
        File.WriteAllBytes(directory["raw"], content);
        var command = Read([directory["raw"]], new() { ["JOB_SCRIPT"] = directory["raw"] });
        await Assert.That(Convert.ToHexString(command.Files.Single().Content)).IsEqualTo("FF000AC3");
    }

    static BatchCommand Binary(string noShell, string login, params string[] words) => Read(words, new()
    {
        ["JOB_SCRIPT"] = words[0], ["SGE_STARTER_SHELL_PATH"] = "/bin/bash", ["SGE_STARTER_SHELL_START_MODE"] = "posix_compliant", ["SGE_STARTER_USE_LOGIN_SHELL"] = login,
    }, $"handle_as_binary=1\n{noShell}");

    [Test]
    public async Task A_binary_without_a_shell_is_started_with_its_words_as_they_are()
    {
        var command = Binary("no_shell=1\n", "true", "/bin/echo", "a  b", "$HOME", "", "it's");
        await Assert.That((Words(command), command.Argv0, command.Files.Count)).IsEqualTo(("[/bin/echo][a  b][$HOME][][it's]", null, 0));
    }

    // As a plain queue of 8.1.9 was seen to do it: -bash -c "echo one  two ".
    [Test]
    [Arguments("true", "-bash")]
    [Arguments("false", "bash")]
    public async Task A_binary_is_a_line_for_the_shell(string login, string name)
    {
        var command = Binary("no_shell=0\n", login, "echo", "$HOME; exit 3", "", "'a; b'");
        await Assert.That((Words(command), command.Argv0)).IsEqualTo(("[/bin/bash][-c][echo $HOME; exit 3  'a; b' ]", name));
        await Assert.That((command.Files.Count, command.Input)).IsEqualTo((0, (string?)null));
    }

    [Test]
    public async Task A_word_that_is_not_the_jobs_script_is_no_script()
    {
        using var directory = new TempDirectory();
        var script = directory.Write("script", "x\n");
        await Assert.That(Words(Read(["/bin/true"], new() { ["JOB_SCRIPT"] = script }))).IsEqualTo("[/bin/true]");
        await Assert.That(Words(Read([script], new() { ["JOB_SCRIPT"] = script }, "handle_as_binary=1\nno_shell=1\n"))).IsEqualTo($"[{script}]");
    }

    [Test]
    public async Task Line_breaks_that_grid_engine_lost_are_restored()
    {
        const string config = "handle_as_binary=1\nno_shell=1\nnjob_args=2\njob_arg1=one\ntwo\njob_arg2=three\nqueue_tmpdir=/tmp\n";
        await Assert.That(Words(Read(["/bin/echo", "one", "three"], new() { ["JOB_SCRIPT"] = "/bin/echo" }, config))).IsEqualTo("[/bin/echo][one\ntwo][three]");
    }

    [Test]
    public async Task Bytes_that_are_no_text_are_not_touched_where_nothing_was_lost()
    {
        byte[] raw = [0xFF, 0xFE];
        var command = new GridEngineCommand(["/bin/echo"u8.ToArray(), raw], _ => null, null).Read();
        await Assert.That(Convert.ToHexString(command.Arguments[1])).IsEqualTo("FFFE");
    }

    [Test]
    [Arguments("0")]
    [Arguments(null)]
    public async Task Qrsh_words_are_one_line_for_the_accounts_shell(string? noShell)
    {
        var command = Read(["echo", "a; exit 7", "", "$HOME"], new() { ["JOB_SCRIPT"] = "QRSH", ["SHELL"] = "/bin/bash" }, $"handle_as_binary=1\n{(noShell is null ? "" : $"no_shell={noShell}\n")}");
        await Assert.That(Words(command)).IsEqualTo("[/bin/bash][-c][echo a; exit 7  $HOME]");
    }

    [Test]
    public async Task Qrsh_without_shell_starts_its_words_as_they_are() =>
        await Assert.That(Words(Read(["echo", "a  b", ""], new() { ["JOB_SCRIPT"] = "QRSH", ["SHELL"] = "/bin/bash" }, "no_shell=1\n"))).IsEqualTo("[echo][a  b][]");

    [Test]
    public async Task Qrsh_without_an_accounts_shell_takes_sh() =>
        await Assert.That(Words(Read(["true"], new() { ["JOB_SCRIPT"] = "QRSH" }))).IsEqualTo("[/bin/sh][-c][true]");

    [Test]
    public async Task The_host_file_of_a_parallel_job_goes_along()
    {
        using var directory = new TempDirectory();
        var hosts = directory.Write("pe_hostfile", "node1 2 vm.q UNDEFINED\n");
        var file = Read(["/bin/true"], new() { ["PE_HOSTFILE"] = hosts }).Files.Single();
        await Assert.That((file.Path, Encoding.UTF8.GetString(file.Content), file.Executable)).IsEqualTo((hosts, "node1 2 vm.q UNDEFINED\n", false));
        await Assert.That(Read(["/bin/true"], new() { ["PE_HOSTFILE"] = "/nonexistent" }).Files).IsEmpty();
        await Assert.That(Read(["/bin/true"], new() { ["PE_HOSTFILE"] = "relative" }).Files).IsEmpty();
    }

    [Test]
    public async Task The_jobs_directories_for_temporary_files_are_named_once()
    {
        var scratch = Read(["/bin/true"], new() { ["TMPDIR"] = "/tmp/7.1.q", ["TMP"] = "/tmp/7.1.q" }).Scratch;
        await Assert.That(string.Join('|', scratch)).IsEqualTo("/tmp/7.1.q");
        await Assert.That(Read(["/bin/true"], new() { ["TMPDIR"] = "relative" }).Scratch).IsEmpty();
    }
}
