using System.Globalization;
using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Processes;

/// <summary>What a tool may do beside reading and writing the descriptors that it is given: capabilities(7).</summary>
enum ForeignRights
{
    /// <summary>Nothing: it is nobody.</summary>
    None,

    /// <summary>It is nobody, but may read a tree of files whoever owns them.</summary>
    ReadTree,

    /// <summary>It makes a tree of files and gives them to their owners; only root can.</summary>
    MakeTree,
}

/// <summary>
/// Runs a tool that reads bytes from elsewhere, which may have been made to take it over: as nobody, in no group, without a way to more
/// rights, in the root directory, with a bound on what it writes. It dies with the process that started it: setpriv(1), prlimit(1).
/// </summary>
sealed class ForeignTool : IDisposable
{
    const int Nobody = 65534, MostErrors = 64 << 10, MostForErrors = 1 << 20;
    const string Making = "chown,+dac_override,+fowner,+fsetid,+mknod,+setfcap,+sys_admin";

    readonly string _operation;
    readonly string[] _argv;
    readonly Descriptor _errors = Descriptor.Memory("errors", MostErrors);
    readonly int _pid;
    bool _ended;

    ForeignTool(string operation, string[] argv, ForeignRights rights, long mostBytes, ReadOnlySpan<Descriptor> files)
    {
        (_operation, _argv) = (operation, argv);
        using var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite);
        List<int> numbers = [nothing.Number, nothing.Number, _errors.Number];
        for (var i = 0; i < files.Length; i++)
            if (i < 2)
                numbers[i] = files[i].Number;
            else
                numbers.Add(files[i].Number);
        string[] words = [.. Confined(rights, mostBytes), .. argv];
        try
        {
            _pid = Spawn.Start(words[0], [.. words.Select(Encoding.UTF8.GetBytes)], CommandRunner.CleanEnvironment, numbers, "/"u8.ToArray());
        }
        catch (LinuxException e)
        {
            _errors.Dispose();
            throw new ApplianceException(Blame.Node, "start tool", words[0], e.Reason, "install the package util-linux", e);
        }
    }

    /// <summary>The user who owns what such a tool may open anew; root only can give a file to it.</summary>
    public static int User => Host.EffectiveUser == 0 ? Nobody : Host.EffectiveUser;

    /// <summary>Starts a tool.</summary>
    /// <param name="operation">What it is run for, for the message.</param>
    /// <param name="argv">Program and arguments.</param>
    /// <param name="rights">What it may do.</param>
    /// <param name="mostBytes">How large a file it writes may become.</param>
    /// <param name="files">Its standard input, its standard output, then its descriptors from 3 on.</param>
    /// <exception cref="ApplianceException">It is not installed.</exception>
    public static ForeignTool Start(string operation, string[] argv, ForeignRights rights, long mostBytes, params ReadOnlySpan<Descriptor> files) =>
        CommandRunner.Find(argv[0]) is not null ? new ForeignTool(operation, argv, rights, mostBytes, files)
            : throw new ApplianceException(Blame.Node, "start tool", argv[0], "it is not installed", $"install the package that has {argv[0]}");

    /// <summary>Starts a tool and waits for it; it must succeed.</summary>
    /// <inheritdoc cref="Start"/>
    public static void Run(string operation, string[] argv, ForeignRights rights, long mostBytes, TimeSpan patience, params ReadOnlySpan<Descriptor> files)
    {
        using var tool = Start(operation, argv, rights, mostBytes, files);
        tool.Require(Deadline.In(patience));
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit status, or 128 + signal.</returns>
    /// <exception cref="ApplianceException">It did not end in time, and was ended.</exception>
    public int Wait(Deadline deadline)
    {
        using var process = ProcessHandle.Open(_pid);
        if (process is not null && !process.Ended(deadline))
            throw new ApplianceException(Blame.Node, _operation, _argv[0], "it did not end in time and was stopped", Command, new TimeoutException());
        _ended = true;
        return ProcessHandle.Reap(_pid);
    }

    /// <summary>Waits for its end; it must succeed.</summary>
    /// <exception cref="ApplianceException">It is late, or ended with another status than 0.</exception>
    public void Require(Deadline deadline)
    {
        if (Wait(deadline) is var status and not 0)
            throw Failure(status);
    }

    /// <summary>What to throw when a tool ended with a status that is none to go on with.</summary>
    public ApplianceException Failure(int status) => new(Blame.Node, _operation, _argv[0], $"{Reason} ({CommandRunner.Describe(status)})", Command);

    // The first line is the reason: what follows are its consequences.
    string Reason => _errors.Text().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "no reason given";

    string Command => $"the command was: {string.Join(' ', _argv.Select(CommandRunner.Quote))}";

    static string[] Confined(ForeignRights rights, long mostBytes)
    {
        var most = Math.Max(mostBytes, MostForErrors).ToString(CultureInfo.InvariantCulture);
        string[] bound = ["prlimit", $"--fsize={most}", "--core=0", "setpriv", "--no-new-privs", "--pdeathsig=KILL"];
        if (Host.EffectiveUser != 0)
            return [.. bound, "--"];
        string[] nobody = [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"];
        return rights switch
        {
            ForeignRights.MakeTree => [.. bound, "--clear-groups", "--inh-caps=-all", $"--bounding-set=-all,+{Making}", "--"],
            ForeignRights.ReadTree => [.. bound, .. nobody, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
                "--bounding-set=-all,+dac_read_search", "--"],
            _ => [.. bound, .. nobody, "--inh-caps=-all", "--bounding-set=-all", "--"],
        };
    }

    public void Dispose()
    {
        if (!_ended)
        {
            // It has a session of its own: its children go with it.
            Kill.Group(_pid, Kill.SIGKILL);
            ProcessHandle.Reap(_pid);
            _ended = true;
        }
        _errors.Dispose();
    }
}
