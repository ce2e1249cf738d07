using System.Text;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>A program to be run with exactly these arguments; never through a shell.</summary>
/// <param name="Argv">Program and arguments as bytes.</param>
sealed record Command(IReadOnlyList<byte[]> Argv)
{
    static readonly Dictionary<string, string> s_plain = new() { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/root", ["LC_ALL"] = "C.UTF-8" };

    /// <summary>A program and its arguments as text.</summary>
    public Command(params IEnumerable<string> argv)
        : this([.. argv.Select(Encoding.UTF8.GetBytes)])
    {
    }

    /// <summary>Variables beside PATH, HOME and LC_ALL; nothing of this process's environment is passed on.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Working directory.</summary>
    public string Directory { get; init; } = "/";

    /// <summary>Standard input, then its end; null reads from /dev/null.</summary>
    public byte[]? Input { get; init; }

    /// <summary>Standard input is a pipe that stays open until <see cref="RunningCommand.Input"/> is closed.</summary>
    public bool KeepInputOpen { get; init; }

    /// <summary>A file that standard output is written to instead of being collected.</summary>
    public string? OutputFile { get; init; }

    /// <summary>Standard output is a pipe that the test itself reads (or does not): <see cref="RunningCommand.RawOutput"/>.</summary>
    public bool ReadsOutputItself { get; init; }

    /// <summary>When the whole process group is killed and the test fails.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>The same command behind another one, such as setpriv or strace.</summary>
    public Command Behind(params IEnumerable<string> prefix) => this with { Argv = [.. prefix.Select(Encoding.UTF8.GetBytes), .. Argv] };

    /// <summary>The same command with one more argument, byte for byte.</summary>
    public Command And(byte[] argument) => this with { Argv = [.. Argv, argument] };

    /// <summary>The same command with further arguments.</summary>
    public Command And(params IEnumerable<string> arguments) => this with { Argv = [.. Argv, .. arguments.Select(Encoding.UTF8.GetBytes)] };

    /// <summary>Runs it to its end.</summary>
    public async Task<CommandResult> Run()
    {
        await using var running = Start();
        return await running.Ended;
    }

    /// <summary>Runs it to its end, which must be status 0.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public async Task<string> Require()
    {
        var result = await Run();
        return result.Status == 0 ? result.Text : throw new InvalidOperationException($"{this} ended with {result}");
    }

    /// <summary>Starts it.</summary>
    public RunningCommand Start() => new(this, [.. s_plain.Where(v => !Environment.ContainsKey(v.Key)).Concat(Environment)
        .Select(v => Encoding.UTF8.GetBytes($"{v.Key}={v.Value}"))]);

    public override string ToString() => string.Join(' ', Argv.Select(Encoding.UTF8.GetString));
}

/// <summary>How a program ended, and what it wrote.</summary>
/// <param name="Status">Exit status; 128 + n when signal n ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
sealed record CommandResult(int Status, byte[] Output, byte[] Errors)
{
    /// <summary>Standard output as text.</summary>
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Standard error as text.</summary>
    public string ErrorText => Encoding.UTF8.GetString(Errors);

    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Split(Text);

    /// <summary>The lines of standard error.</summary>
    public string[] ErrorLines => Split(ErrorText);

    public override string ToString() => $"status {Status}, output '{Tail(Text)}', errors '{Tail(ErrorText)}'";

    static string[] Split(string text) => (text.EndsWith('\n') ? text[..^1] : text).Split('\n');

    static string Tail(string text) => text.Length <= 2000 ? text : $"…{text[^2000..]}";
}
