using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Processes;

/// <summary>What a finished tool left.</summary>
/// <param name="Status">Exit status, or 128 + signal.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
sealed record CommandResult(int Status, string Output, string Errors)
{
    /// <summary>The last line of standard error: what tools put their reason into.</summary>
    public string LastError => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
}

/// <summary>Runs tools: an argument list and never a shell, a clean environment, standard input closed, a deadline.</summary>
static class CommandRunner
{
    const int SIGTERM = 15;

    // What a tool says is kept in memory; of its errors the end tells the reason.
    const int MostOutput = 16 << 20, MostErrors = 1 << 20;

    static readonly TimeSpan Usual = TimeSpan.FromMinutes(2);
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>What every tool and machine gets to see of the world.</summary>
    public static IReadOnlyList<byte[]> CleanEnvironment { get; } =
        [.. new[] { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/" }.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Runs a tool and returns what it said, whatever its status.</summary>
    /// <param name="argv">Program and arguments.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="environment">NAME=value entries beside <see cref="CleanEnvironment"/>.</param>
    /// <exception cref="ApplianceException">It is not installed, or did not end in time.</exception>
    public static CommandResult Run(IReadOnlyList<string> argv, TimeSpan? patience = null, byte[]? input = null, IReadOnlyList<string>? environment = null)
    {
        var (outRead, outWrite) = Descriptor.Pipe();
        var (errRead, errWrite) = Descriptor.Pipe();
        using (outRead)
        using (errRead)
        {
            int pid;
            using (outWrite)
            using (errWrite)
            using (var source = Input(input))
                pid = Start(argv, [source.Number, outWrite.Number, errWrite.Number], environment ?? []);
            var deadline = Deadline.In(patience ?? Usual);
            var (output, errors) = Drain(outRead, errRead, deadline);
            var status = End(argv, pid, deadline);
            return output is not null ? new CommandResult(status, output, errors) : throw new ApplianceException(Blame.Node, "run tool", argv[0],
                $"it wrote more than {MostOutput >> 20} MiB", $"the command was: {string.Join(' ', argv.Select(Quote))}");
        }
    }

    /// <summary>Runs a tool that must succeed.</summary>
    /// <param name="operation">What it is run for, for the message.</param>
    /// <param name="argv">Program and arguments.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="environment">NAME=value entries beside <see cref="CleanEnvironment"/>.</param>
    /// <returns>Its standard output.</returns>
    /// <exception cref="ApplianceException">It is missing, late, or ended with another status than 0.</exception>
    public static string Require(string operation, IReadOnlyList<string> argv, TimeSpan? patience = null, byte[]? input = null, IReadOnlyList<string>? environment = null)
    {
        var result = Run(argv, patience, input, environment);
        return result.Status == 0 ? result.Output : throw new ApplianceException(Blame.Node, operation, argv[0],
            $"{(result.LastError.Length > 0 ? result.LastError : "no reason given")} ({Describe(result.Status)})",
            $"the command was: {string.Join(' ', argv.Select(Quote))}");
    }

    /// <summary>The path of a tool in the fixed PATH; null when it is not installed.</summary>
    public static string? Find(string tool) =>
        new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec" }.Select(d => $"{d}/{tool}").FirstOrDefault(File.Exists);

    static int Start(IReadOnlyList<string> argv, int[] descriptors, IReadOnlyList<string> environment)
    {
        try
        {
            return Spawn.Start(argv[0], [.. argv.Select(Encoding.UTF8.GetBytes)], [.. CleanEnvironment, .. environment.Select(Encoding.UTF8.GetBytes)], descriptors, "/"u8.ToArray());
        }
        catch (LinuxException e)
        {
            throw new ApplianceException(Blame.Node, "start tool", argv[0], e.Reason,
                e.Errno == Errno.ENOENT ? $"install the package that has {argv[0]}" : null, e);
        }
    }

    static Descriptor Input(byte[]? bytes)
    {
        if (bytes is null)
            return Descriptor.Open("/dev/null", OpenMode.Read);
        var memory = Descriptor.Memory("stdin", bytes.Length);
        memory.WriteAll(bytes);
        using (memory)
            return Descriptor.Open($"/proc/self/fd/{memory.Number}", OpenMode.Read);
    }

    // No output: there was too much of it, and half of it would be wrong.
    static (string? Output, string Errors) Drain(Descriptor output, Descriptor errors, Deadline deadline)
    {
        Descriptor?[] open = [output, errors];
        using TailStream said = new(MostOutput), complained = new(MostErrors);
        TailStream[] texts = [said, complained];
        var buffer = new byte[16 * 1024];
        while (open.Any(d => d is not null) && !deadline.Passed)
        {
            var ready = Poll.Readable(deadline, open[0]?.Number ?? -1, open[1]?.Number ?? -1);
            if (ready < 0)
                break;
            var count = open[ready]!.Read(buffer);
            if (count <= 0)
                open[ready] = null;
            else
                texts[ready].Write(buffer, 0, count);
        }
        return (said.HasLost ? null : said.Text, complained.Text);
    }

    static int End(IReadOnlyList<string> argv, int pid, Deadline deadline)
    {
        using var process = ProcessHandle.Open(pid);
        if (process is null || process.Ended(deadline))
            return ProcessHandle.Reap(pid);
        // It has a session of its own: its children go with it.
        Kill.Group(pid, SIGTERM);
        process.Ended(Deadline.In(Grace));
        Kill.Group(pid, Kill.SIGKILL);
        // One that hangs in the kernel does so without us.
        process.Ended(Deadline.In(Grace));
        process.TryReap();
        throw new ApplianceException(Blame.Node, "run tool", argv[0], "it did not end in time and was stopped",
            $"the command was: {string.Join(' ', argv.Select(Quote))}", new TimeoutException());
    }

    /// <summary>How a tool ended, for messages.</summary>
    public static string Describe(int status) => status > 128 ? $"ended by signal {status - 128}" : $"status {status}";

    /// <summary>A word as a shell would need it, for messages that an administrator can paste.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@+%".Contains(c, StringComparison.Ordinal))
            ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
