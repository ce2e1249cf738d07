using VmAppliance.Batch;
using static VmAppliance.Tests.Batch.GridEngineCommandTests;

namespace VmAppliance.Tests.Batch;

/// <summary>What becomes of a job's script, by shell_start_mode.</summary>
sealed class GridEngineScriptTests
{
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
        await Assert.That((T(command.Argv0), T(command.Input))).IsEqualTo(("dash", (string?)null));
        await Assert.That(command.Files.Single()).Member(f => T(f.Path), path => path.IsEqualTo(directory["script"]));
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
        await Assert.That((Words(command), T(command.Argv0))).IsEqualTo(($"[{directory["script"]}][one][][two words]", null));
        await Assert.That(command.Files.Single().Executable).IsTrue();
    }

    // As a starter of 8.1.9 was seen to be called: argv "-s" one "" "two words", the script on descriptor 0, its path in JOB_SCRIPT only.
    [Test]
    public async Task A_script_from_stdin_is_the_shells_standard_input()
    {
        using var directory = new TempDirectory();
        var command = Script(directory, "echo\n", "script_from_stdin", "-s", ["SGE_STARTER_USE_LOGIN_SHELL=true"]);
        await Assert.That((Words(command), T(command.Argv0), T(command.Input))).IsEqualTo(("[/bin/dash][-s][one][][two words]", "-dash", directory["script"]));
        await Assert.That(T(command.Files.Single().Path)).IsEqualTo(directory["script"]);
    }

    [Test]
    public async Task A_login_shell_is_called_by_its_name_with_a_dash()
    {
        using var directory = new TempDirectory();
        await Assert.That(T(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_USE_LOGIN_SHELL=true").Argv0)).IsEqualTo("-dash");
        await Assert.That(T(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_USE_LOGIN_SHELL=false").Argv0)).IsEqualTo("dash");
    }

    [Test]
    public async Task A_script_without_a_shell_is_read_by_sh()
    {
        using var directory = new TempDirectory();
        await Assert.That(Words(Script(directory, "x\n", "posix_compliant", "SGE_STARTER_SHELL_PATH="))).StartsWith("[/bin/sh][");
    }

    // It may be of any length, and is not looked at here.
    [Test]
    public async Task A_scripts_content_is_what_is_under_its_path()
    {
        using var directory = new TempDirectory();
        var script = directory.Write("raw", "x");
        var file = Read([script], new() { ["JOB_SCRIPT"] = script }).Files.Single();
        await Assert.That((System.Text.Encoding.UTF8.GetString(file.Path), file.Content is null, file.Executable)).IsEqualTo((script, true, true));
    }
}
