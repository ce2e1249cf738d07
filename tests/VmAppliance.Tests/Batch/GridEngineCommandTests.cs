using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

sealed class GridEngineCommandTests
{
    // Names are bytes, not text: é as Latin-1 has it, 0xE9, is no UTF-8.
    internal static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    internal static string? T(byte[]? bytes) => bytes is null ? null : Encoding.Latin1.GetString(bytes);

    internal static BatchCommand Read(string[] words, Dictionary<string, string> variables, string? config = null)
    {
        using var directory = new TempDirectory();
        if (config is not null)
            directory.Write("config", config);
        return new GridEngineCommand([.. words.Select(B)], n => variables.TryGetValue(n, out var value) ? B(value) : null, config is null ? null : SpoolDirectory.OpenOwn(directory.Path)).Read();
    }

    internal static string Words(BatchCommand command) => string.Concat(command.Arguments.Select(a => $"[{T(a)}]"));

    static BatchCommand Binary(string noShell, string login, params string[] words) => Read(words, new()
    {
        ["JOB_SCRIPT"] = words[0], ["SGE_STARTER_SHELL_PATH"] = "/bin/bash", ["SGE_STARTER_SHELL_START_MODE"] = "posix_compliant", ["SGE_STARTER_USE_LOGIN_SHELL"] = login,
    }, $"handle_as_binary=1\n{noShell}");

    [Test]
    public async Task A_binary_without_a_shell_is_started_with_its_words_as_they_are()
    {
        var command = Binary("no_shell=1\n", "true", "/bin/echo", "a  b", "$HOME", "", "it's");
        await Assert.That((Words(command), T(command.Argv0), command.Files.Count)).IsEqualTo(("[/bin/echo][a  b][$HOME][][it's]", null, 0));
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
        await Assert.That((Words(command), T(command.Input), command.Files.Count)).IsEqualTo((words, null, 0));
    }

    // As a plain queue of 8.1.9 was seen to do it: -bash -c "echo one  two ".
    [Test]
    [Arguments("true", "-bash")]
    [Arguments("false", "bash")]
    public async Task A_binary_is_a_line_for_the_shell(string login, string name)
    {
        var command = Binary("no_shell=0\n", login, "echo", "$HOME; exit 3", "", "'a; b'");
        await Assert.That((Words(command), T(command.Argv0))).IsEqualTo(("[/bin/bash][-c][echo $HOME; exit 3  'a; b' ]", name));
        await Assert.That((command.Files.Count, T(command.Input))).IsEqualTo((0, (string?)null));
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
    public async Task Names_that_are_no_text_arrive_byte_for_byte()
    {
        var line = Binary("no_shell=0\n", "true", "/opt/\xe9/run", "\xe9");
        await Assert.That(Words(line)).IsEqualTo("[/bin/bash][-c][/opt/\xe9/run \xe9 ]");
        var named = Read(["-s", "\xe9"], new() { ["JOB_SCRIPT"] = "/opt/\xe9/run", ["SGE_STARTER_SHELL_START_MODE"] = "script_from_stdin", ["TMPDIR"] = "/tmp/\xe9" },
            "handle_as_binary=1\nno_shell=1\n");
        await Assert.That((Words(named), T(named.Scratch.Single()))).IsEqualTo(("[/opt/\xe9/run][\xe9]", "/tmp/\xe9"));
        var shell = Read(["true"], new() { ["JOB_SCRIPT"] = "QRSH", ["SHELL"] = "/opt/\xe9/sh" });
        await Assert.That((Words(shell), T(shell.Argv0))).IsEqualTo(("[/opt/\xe9/sh][-c][true]", "sh"));
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
        await Assert.That((T(file.Path), Encoding.UTF8.GetString(file.Content!), file.Executable)).IsEqualTo((hosts, "node1 2 vm.q UNDEFINED\n", false));
        await Assert.That(Read(["/bin/true"], new() { ["PE_HOSTFILE"] = "/nonexistent" }).Files).IsEmpty();
        await Assert.That(Read(["/bin/true"], new() { ["PE_HOSTFILE"] = "relative" }).Files).IsEmpty();
    }

    [Test]
    public async Task The_jobs_directories_for_temporary_files_are_named_once()
    {
        var scratch = Read(["/bin/true"], new() { ["TMPDIR"] = "/tmp/7.1.q", ["TMP"] = "/tmp/7.1.q" }).Scratch;
        await Assert.That(string.Join('|', scratch.Select(T))).IsEqualTo("/tmp/7.1.q");
        await Assert.That(Read(["/bin/true"], new() { ["TMPDIR"] = "relative" }).Scratch).IsEmpty();
    }

    [Test]
    public async Task A_program_of_Grid_Engine_9_is_a_line_for_its_shell() => await Assert.That(
        Words(Read(["true", "a  b", "$HOME"], Description.Variables("9.2", "binary"), Description.Text("9.2", "binary")))).IsEqualTo("[/bin/bash][-c][true a  b $HOME ]");
}
