using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

sealed class CommandRunnerTests
{
    static CommandResult Sh(string script, TimeSpan? patience = null, byte[]? input = null) => CommandRunner.Run(["sh", "-c", script], patience, input);

    [Test]
    public async Task Status_output_and_errors_are_kept_apart() =>
        await Assert.That(Sh("echo out; echo err >&2; exit 7")).IsEqualTo(new CommandResult(7, "out\n", "err\n"));

    [Test]
    public async Task A_tool_that_a_signal_ended_has_128_and_the_signal() => await Assert.That(Sh("kill -TERM $$").Status).IsEqualTo(143);

    [Test]
    public async Task Much_on_both_outputs_at_once_is_all_there()
    {
        var result = Sh("head -c 300000 /dev/zero >&2 & head -c 500000 /dev/zero; wait");
        await Assert.That((result.Output.Length, result.Errors.Length)).IsEqualTo((500000, 300000));
    }

    [Test]
    public async Task A_tool_that_writes_without_end_fails_and_what_it_complains_of_is_known_from_the_end()
    {
        var failure = Assert.Throws<ApplianceException>(() => Sh("head -c 17M /dev/zero"));
        await Assert.That(failure.Message).IsEqualTo("run tool, sh: it wrote more than 16 MiB");
        var result = Sh("head -c 5M /dev/zero >&2; echo the reason >&2; exit 3");
        await Assert.That((result.Status, result.Errors.Length, result.Errors.EndsWith("the reason\n", StringComparison.Ordinal))).IsEqualTo((3, 1 << 20, true));
    }

    [Test]
    public async Task A_tool_runs_where_nobody_but_root_can_put_anything() => await Assert.That(Sh("pwd").Output).IsEqualTo("/\n");

    [Test]
    public async Task A_tool_sees_the_clean_environment_and_nothing_else()
    {
        await Assert.That(Environment.GetEnvironmentVariables().Count).IsGreaterThan(3);
        await Assert.That(CommandRunner.Run(["env"]).Output).IsEqualTo("PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nHOME=/\n");
    }

    [Test]
    public async Task Standard_input_is_empty_unless_given()
    {
        await Assert.That(Sh("cat").Output).IsEqualTo("");
        await Assert.That(Sh("cat", input: "some\ninput"u8.ToArray()).Output).IsEqualTo("some\ninput");
        await Assert.That(Sh("wc -c", input: new byte[200_000]).Output.Trim()).IsEqualTo("200000");
        await Assert.That(Sh("cat", input: []).Output).IsEqualTo("");
    }

    [Test]
    public async Task Words_are_not_a_shells() =>
        await Assert.That(CommandRunner.Run(["echo", "$HOME", "*", "; id", "a  b", ""]).Output).IsEqualTo("$HOME * ; id a  b \n");

    [Test]
    [Arguments("one\ntwo\n", "two")]
    [Arguments("one\n\n  \n", "one")]
    [Arguments("", "")]
    [Arguments("only", "only")]
    public async Task The_last_line_of_the_errors_is_the_reason(string errors, string reason) =>
        await Assert.That(new CommandResult(1, "", errors).LastError).IsEqualTo(reason);

    [Test]
    public async Task A_tool_that_must_succeed_fails_with_its_reason_and_its_command_line()
    {
        var failure = Assert.Throws<ApplianceException>(() => CommandRunner.Require("try tool", ["sh", "-c", "echo first >&2; echo it\\'s broken >&2; exit 3"]));
        await Assert.That((failure.Message, failure.Hint)).IsEqualTo(("try tool, sh: it's broken (status 3)",
            "the command was: sh -c 'echo first >&2; echo it\\'\\''s broken >&2; exit 3'"));
    }

    [Test]
    public async Task A_tool_that_must_succeed_and_dies_without_a_word_says_by_what()
    {
        var failure = Assert.Throws<ApplianceException>(() => CommandRunner.Require("try tool", ["sh", "-c", "kill -KILL $$"]));
        await Assert.That(failure.Message).IsEqualTo("try tool, sh: no reason given (ended by signal 9)");
    }

    [Test]
    public async Task A_tool_that_is_not_installed_is_the_nodes_fault_with_a_hint()
    {
        var failure = Assert.Throws<ApplianceException>(() => CommandRunner.Run(["no-such-tool"]));
        await Assert.That((failure.Message, failure.Hint, failure.Blame)).IsEqualTo(
            ("start tool, no-such-tool: No such file or directory", "install the package that has no-such-tool", Blame.Node));
    }

    [Test]
    public async Task A_tool_that_is_late_is_stopped()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Sh($"echo $$ >{directory["pid"]}; exec sleep 300", TimeSpan.FromMilliseconds(200)));
        await Assert.That((failure.Message, failure.InnerException is TimeoutException)).IsEqualTo(("run tool, sh: it did not end in time and was stopped", true));
        await Assert.That(failure.Hint).StartsWith("the command was: sh -c ");
        await Assert.That(IsGone(directory["pid"])).IsTrue();
    }

    [Test]
    public async Task A_tool_that_ignores_TERM_is_stopped_all_the_same()
    {
        using var directory = new TempDirectory();
        Assert.Throws<ApplianceException>(() => Sh($"trap '' TERM; echo $$ >{directory["pid"]}; exec sleep 300", TimeSpan.FromMilliseconds(200)));
        await Assert.That(IsGone(directory["pid"])).IsTrue();
    }

    [Test]
    public async Task A_tool_that_never_stops_talking_is_stopped_at_its_deadline()
    {
        // Bounded, so that a defect here ends the test and not the node.
        await Assert.That(() => Sh("head -c 300M /dev/zero", TimeSpan.FromMilliseconds(10))).Throws<ApplianceException>();
    }

    [Test]
    public async Task A_tool_that_ended_but_left_a_child_behind_is_finished_at_the_deadline()
    {
        using var directory = new TempDirectory();
        var result = Sh($"sleep 300 & echo $! >{directory["pid"]}; echo done", TimeSpan.FromMilliseconds(300));
        using var left = ProcessHandle.Open(int.Parse(File.ReadAllText(directory["pid"]), System.Globalization.CultureInfo.InvariantCulture));
        left?.Signal(Kill.SIGKILL);
        await Assert.That(result).IsEqualTo(new CommandResult(0, "done\n", ""));
    }

    [Test]
    [Arguments("plain-word_1.2/x:y=z,@+%", "plain-word_1.2/x:y=z,@+%")]
    [Arguments("", "''")]
    [Arguments("two words", "'two words'")]
    [Arguments("it's", "'it'\\''s'")]
    [Arguments("$HOME\n;", "'$HOME\n;'")]
    public async Task A_quoted_word_is_what_a_shell_reads_back(string word, string quoted)
    {
        await Assert.That(CommandRunner.Quote(word)).IsEqualTo(quoted);
        await Assert.That(Sh($"printf %s {CommandRunner.Quote(word)}").Output).IsEqualTo(word);
    }

    [Test]
    public async Task Tools_are_found_in_the_fixed_directories_only()
    {
        await Assert.That(CommandRunner.Find("sh")).IsEqualTo("/usr/bin/sh");
        await Assert.That(CommandRunner.Find("no-such-tool")).IsNull();
    }

    static bool IsGone(string pidFile) =>
        ProcessStatus.Of(int.Parse(Encoding.ASCII.GetString(File.ReadAllBytes(pidFile)), System.Globalization.CultureInfo.InvariantCulture)) is null;

    [Test]
    public async Task A_tool_gets_variables_that_it_is_given_beside_the_clean_ones() =>
        await Assert.That(CommandRunner.Run(["env"], environment: ["DM_DISABLE_UDEV=1"]).Output).IsEqualTo("PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nHOME=/\nDM_DISABLE_UDEV=1\n");
}
