using System.Text;

namespace VmAppliance.Batch;

/// <summary>
/// What Grid Engine's shepherd would have started without a starter_method: queue_conf(5) under shell_start_mode, submit(1) under -S, -b and
/// -shell; start_command of its builtin_starter.c. Runs with the rights of the job's owner, so it may believe the owner's own environment.
/// </summary>
sealed class GridEngineCommand(IReadOnlyList<byte[]> words, Func<string, string?> variable, SpoolDirectory? spool)
{
    const string Interactive = "QRSH";

    /// <summary>The command.</summary>
    public BatchCommand Read()
    {
        var command = variable("JOB_SCRIPT") == Interactive ? Remote() : IsScript ? Script() : IsShellLine ? Line() : Plain(Restored());
        return command with { Files = [.. command.Files, .. HostFile()], Scratch = Scratch() };
    }

    // Grid Engine gives a shell that reads standard input "-s" instead of the job's name, whatever the job is: the name is elsewhere.
    IReadOnlyList<byte[]> Named => ReadsInput && words[0].AsSpan().SequenceEqual("-s"u8) && variable("JOB_SCRIPT") is { } script
        ? [Bytes(script), .. words.Skip(1)] : words;

    bool IsBinary => spool?.Value("handle_as_binary") == "1";

    bool IsScript => !IsBinary && Encoding.UTF8.GetString(Named[0]) is var first && first == variable("JOB_SCRIPT") && File.Exists(first);

    // -shell n says no_shell=1.
    bool IsShellLine => IsBinary && spool?.Value("no_shell") != "1";

    bool ReadsInput => Is("script_from_stdin");

    bool Is(string mode) => string.Equals(variable("SGE_STARTER_SHELL_START_MODE"), mode, StringComparison.OrdinalIgnoreCase);

    static BatchCommand Plain(IReadOnlyList<byte[]> words) => new(words, null, [], [], null);

    // rsh's way: the words, joined by blanks, are a line for the account's shell, unless -noshell was said.
    BatchCommand Remote() => spool?.Value("no_shell") == "1" ? Plain(words)
        : Shell(variable("SHELL") ?? "/bin/sh", isLogin: false, ["-c"u8.ToArray(), Joined(words, "")]);

    // The line ends with a blank, as the shepherd's does: a shell shows it to who asks.
    BatchCommand Line() => Shell(["-c"u8.ToArray(), Joined(Named, " ")]);

    static byte[] Joined(IEnumerable<byte[]> words, string end) =>
        [.. words.SelectMany((word, i) => i == 0 ? word : [(byte)' ', .. word]), .. Bytes(end)];

    BatchCommand Script()
    {
        var path = variable("JOB_SCRIPT")!;
        // The kernel finds out what reads a script; one that names nobody is /bin/sh's, as for execvp(3).
        var command = Is("unix_behavior") ? Plain(Restored())
            : ReadsInput ? Shell(["-s"u8.ToArray(), .. Restored().Skip(1)]) with { Input = path } : Shell(Restored());
        return command with { Files = [(path, File.ReadAllBytes(path), true)] };
    }

    BatchCommand Shell(IEnumerable<byte[]> arguments) => Shell(variable("SGE_STARTER_SHELL_PATH") is { Length: > 0 } named ? named : "/bin/sh",
        variable("SGE_STARTER_USE_LOGIN_SHELL") == "true", arguments);

    static BatchCommand Shell(string path, bool isLogin, IEnumerable<byte[]> arguments) =>
        Plain([Bytes(path), .. arguments]) with { Argv0 = $"{(isLogin ? "-" : "")}{Path.GetFileName(path)}" };

    // Grid Engine ends an argument at its first line break when it starts the job; its description has all of it.
    IReadOnlyList<byte[]> Restored() => spool?.Arguments is { } arguments && arguments.Any(a => a.AsSpan().Contains((byte)'\n'))
        ? [Named[0], .. arguments] : Named;

    IEnumerable<(string, byte[], bool)> HostFile() => variable("PE_HOSTFILE") is { } path && path.StartsWith('/') && File.Exists(path)
        ? [(path, File.ReadAllBytes(path), false)] : [];

    List<string> Scratch() => [.. new[] { variable("TMPDIR"), variable("TMP") }.OfType<string>().Where(d => d.StartsWith('/')).Distinct()];

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
