using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Batch;

/// <summary>
/// What Grid Engine's shepherd would have started without a starter_method: queue_conf(5) under shell_start_mode, submit(1) under -S, -b and
/// -shell; start_command of its builtin_starter.c. Runs with the rights of the job's owner, so it may believe the owner's own environment.
/// </summary>
/// <param name="words">The starter's arguments.</param>
/// <param name="variable">Looks up a variable of the starter's environment.</param>
/// <param name="spool">The job's description; null when there is none.</param>
sealed class GridEngineCommand(IReadOnlyList<byte[]> words, Func<string, byte[]?> variable, SpoolDirectory? spool)
{
    // 64 MiB: a line for each of more hosts than any cell has.
    const int LargestFile = 64 << 20;

    /// <summary>The command.</summary>
    public BatchCommand Read()
    {
        var command = Text("JOB_SCRIPT") == "QRSH" ? Remote() : IsScript ? Script() : IsShellLine ? Line() : Plain(Restored());
        return command with { Files = [.. command.Files, .. HostFile()], Scratch = Scratch() };
    }

    // Grid Engine gives a shell that reads standard input "-s" instead of the job's name, whatever the job is: the name is elsewhere.
    IReadOnlyList<byte[]> Named => ReadsInput && words[0].AsSpan().SequenceEqual("-s"u8) && variable("JOB_SCRIPT") is { } script
        ? [script, .. words.Skip(1)] : words;

    bool IsBinary => spool?.Value("handle_as_binary") == "1";

    bool IsScript => !IsBinary && Named[0].AsSpan().SequenceEqual(variable("JOB_SCRIPT")) && Files.Target(Named[0]) is { IsRegular: true };

    // -shell n says no_shell=1.
    bool IsShellLine => IsBinary && spool?.Value("no_shell") != "1";

    bool ReadsInput => Is("script_from_stdin");

    bool Is(string mode) => string.Equals(Text("SGE_STARTER_SHELL_START_MODE"), mode, StringComparison.OrdinalIgnoreCase);

    string? Text(string name) => variable(name) is { } value ? Encoding.UTF8.GetString(value) : null;

    static BatchCommand Plain(IReadOnlyList<byte[]> words) => new(words, null, [], [], null);

    // rsh's way: the words, joined by blanks, are a line for the account's shell, unless -noshell was said.
    BatchCommand Remote() => spool?.Value("no_shell") == "1" ? Plain(words)
        : Shell(variable("SHELL") ?? "/bin/sh"u8.ToArray(), isLogin: false, ["-c"u8.ToArray(), Joined(words, [])]);

    // The line ends with a blank, as the shepherd's does: a shell shows it to who asks.
    BatchCommand Line() => Shell(["-c"u8.ToArray(), Joined(Named, " "u8)]);

    static byte[] Joined(IEnumerable<byte[]> words, ReadOnlySpan<byte> end) =>
        [.. words.SelectMany((word, i) => i == 0 ? word : [(byte)' ', .. word]), .. end];

    BatchCommand Script()
    {
        var path = Named[0];
        // The kernel finds out what reads a script; one that names nobody is /bin/sh's, as for execvp(3).
        var command = Is("unix_behavior") ? Plain(Restored())
            : ReadsInput ? Shell(["-s"u8.ToArray(), .. Restored().Skip(1)]) with { Input = path } : Shell(Restored());
        return command with { Files = [(path, null, true)] };
    }

    BatchCommand Shell(IEnumerable<byte[]> arguments) => Shell(variable("SGE_STARTER_SHELL_PATH") is { Length: > 0 } named ? named : "/bin/sh"u8.ToArray(),
        Text("SGE_STARTER_USE_LOGIN_SHELL") == "true", arguments);

    static BatchCommand Shell(byte[] path, bool isLogin, IEnumerable<byte[]> arguments) =>
        Plain([path, .. arguments]) with { Argv0 = [.. isLogin ? "-"u8 : [], .. path.AsSpan(path.AsSpan().LastIndexOf((byte)'/') + 1)] };

    // Grid Engine ends an argument at its first line break when it starts the job; its description has all of it.
    IReadOnlyList<byte[]> Restored() => spool?.Arguments is { } arguments && arguments.Any(a => a.AsSpan().Contains((byte)'\n'))
        ? [Named[0], .. arguments] : Named;

    IEnumerable<(byte[], byte[]?, bool)> HostFile() => variable("PE_HOSTFILE") is [(byte)'/', ..] path && Files.Target(path) is { IsRegular: true }
        ? [(path, Files.ReadAll(path, LargestFile), false)] : [];

    List<byte[]> Scratch() => [.. new[] { variable("TMPDIR"), variable("TMP") }.OfType<byte[]>().Where(d => d is [(byte)'/', ..])
        .DistinctBy(Convert.ToHexString)];
}
