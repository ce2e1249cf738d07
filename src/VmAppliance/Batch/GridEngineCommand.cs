using System.Text;

namespace VmAppliance.Batch;

/// <summary>
/// What Grid Engine's shepherd would have started without a starter_method: queue_conf(5) under shell_start_mode, submit(1) under -S, -b.
/// Runs with the rights of the job's owner, so it may believe the owner's own environment.
/// </summary>
sealed class GridEngineCommand(IReadOnlyList<byte[]> words, Func<string, string?> variable, SpoolDirectory? spool)
{
    const string Interactive = "QRSH";

    /// <summary>The command.</summary>
    public BatchCommand Read()
    {
        var first = Encoding.UTF8.GetString(words[0]);
        var command = variable("JOB_SCRIPT") == Interactive ? Remote()
            : spool?.Value("handle_as_binary") != "1" && first == variable("JOB_SCRIPT") && File.Exists(first) ? Script(first)
            : new BatchCommand(Restored(), null, [], [], null);
        return command with { Files = [.. command.Files, .. HostFile()], Scratch = Scratch() };
    }

    // rsh's way: the words, joined by blanks, are a line for the account's shell, unless -noshell was said.
    BatchCommand Remote() => spool?.Value("no_shell") == "1" ? new BatchCommand(words, null, [], [], null)
        : new BatchCommand([Bytes(variable("SHELL") ?? "/bin/sh"), "-c"u8.ToArray(), Joined()], null, [], [], null);

    byte[] Joined() => [.. words.SelectMany((word, i) => i == 0 ? word : [(byte)' ', .. word])];

    BatchCommand Script(string path)
    {
        (string, byte[], bool)[] files = [(path, File.ReadAllBytes(path), true)];
        var shell = variable("SGE_STARTER_SHELL_PATH") is { Length: > 0 } named ? named : "/bin/sh";
        var argv0 = variable("SGE_STARTER_USE_LOGIN_SHELL") == "true" ? $"-{Path.GetFileName(shell)}" : null;
        return variable("SGE_STARTER_SHELL_START_MODE") switch
        {
            "unix_behavior" when files[0].Item2.AsSpan().StartsWith("#!"u8) => new BatchCommand(Restored(), null, files, [], null),
            "script_from_stdin" => new BatchCommand([Bytes(shell), "-s"u8.ToArray(), .. Restored().Skip(1)], argv0, files, [], path),
            _ => new BatchCommand([Bytes(shell), .. Restored()], argv0, files, [], null),
        };
    }

    // Grid Engine ends an argument at its first line break when it starts the job; its description has all of it.
    IReadOnlyList<byte[]> Restored() => spool?.Arguments is { } arguments && arguments.Any(a => a.Contains('\n', StringComparison.Ordinal))
        ? [words[0], .. arguments.Select(Bytes)] : words;

    IEnumerable<(string, byte[], bool)> HostFile() => variable("PE_HOSTFILE") is { } path && path.StartsWith('/') && File.Exists(path)
        ? [(path, File.ReadAllBytes(path), false)] : [];

    List<string> Scratch() => [.. new[] { variable("TMPDIR"), variable("TMP") }.OfType<string>().Where(d => d.StartsWith('/')).Distinct()];

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
