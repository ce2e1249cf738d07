using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Starts one job in the machine, as its owner, at the far end of the starter's ssh connection.</summary>
/// <param name="streams">The session's.</param>
/// <param name="process">Whom signals for the job are sent to, as the node is told.</param>
/// <param name="owner">Whose rights the job has; null when this process has them.</param>
sealed class JobLauncher(PassedStreams streams, int process, OtherUser? owner)
{
    /// <summary>Status of a program that was found but cannot be executed; what every shell says.</summary>
    public const int NotExecutable = 126;

    const int NotFound = 127;

    const int SIGPIPE = 13;

    // Bytes. The kernel takes 2 MiB of arguments and environment, a job's script may be larger; the agent must outlast who asks for more.
    const int LargestDescription = 64 << 20;

    static readonly int[] Forwarded = [1, 2, 3, 10, 12, 13, 14, 15, 18, 24, 25]; // HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT XCPU XFSZ

    readonly object _lock = new();
    readonly List<int> _early = [];
    int _job;

    /// <summary><c>vmappliance guest exec</c>: where no agent takes it, its own process starts the job.</summary>
    /// <returns>The job's status.</returns>
    public static int RunHere()
    {
        using var session = new PassedStreams(new Descriptor(0), new Descriptor(1), new Descriptor(2));
        var launcher = new JobLauncher(session, Environment.ProcessId, null);
        // The runtime ignores it, and would leave a signal that is ignored without a handler.
        _ = Native.signal(SIGPIPE, Native.SIG_DFL);
        var registrations = Forwarded.Select(s => PosixSignalRegistration.Create((PosixSignal)s, c => launcher.Forward(c, s))).ToList();
        var status = launcher.Run();
        registrations.ForEach(r => r.Dispose());
        return status;
    }

    /// <summary>Reads a job from standard input, runs it, and tells its end.</summary>
    /// <returns>The job's status.</returns>
    /// <exception cref="IOException">The starter is gone.</exception>
    public int Run()
    {
        var spec = JsonSerializer.Deserialize(Read(Bounded(BitConverter.ToInt32(Read(sizeof(int))))), GuestJson.Default.JobSpec)!;
        if (spec.Signal is { } signal)
        {
            JobDoor.Signal(signal);
            return 0;
        }
        Mark(spec, OutputMark.Started, process);
        if (streams.Input.ReadFully(new byte[1]) == 0)
            return NotExecutable; // the starter is gone
        var status = Launch(spec);
        Mark(spec, OutputMark.Ended, status);
        return status;
    }

    static int Bounded(int size) => size is > 0 and <= LargestDescription ? size
        : throw new IOException($"a job's description cannot have {size} bytes");

    byte[] Read(int count)
    {
        var bytes = new byte[count];
        return streams.Input.ReadFully(bytes) == count ? bytes : throw new EndOfStreamException("the starter is gone");
    }

    /// <summary>Signals the job; one that comes before it has started is delivered then.</summary>
    public void Signal(int signal)
    {
        lock (_lock)
            if (_job == 0)
                _early.Add(signal);
            else
                Kill.Group(_job, signal);
    }

    static void Stage(JobSpec spec)
    {
        Host.SetUmask(0x12 /* 022 */);
        foreach (var directory in spec.Scratch.Concat(spec.Files.Select(f => Path.GetDirectoryName(f.Path)!)).Where(d => !System.IO.Directory.Exists(d)))
            System.IO.Directory.CreateDirectory(directory);
        foreach (var file in spec.Files)
            Files.Replace(file.Path, file.Content, file.Executable ? 0x1ED /* 0755 */ : 0x1A4 /* 0644 */);
        Host.SetUmask(spec.Umask);
    }

    int Launch(JobSpec spec)
    {
        try
        {
            int pid;
            Limits.Adopt(spec.Limits);
            lock (_lock)
            {
                pid = _job = owner is null ? Begin(spec) : owner.Run(() => Begin(spec));
                _early.ForEach(s => Kill.Group(_job, s));
            }
            return ProcessHandle.Reap(pid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = e is LinuxException failed ? failed.Reason : e.Message;
            (spec.Joined ? streams.Output : streams.Errors).WriteAll(Encoding.UTF8.GetBytes($"vmappliance: start job, {Encoding.UTF8.GetString(spec.Arguments[0])}: {reason}\n"));
            return StatusOf(e);
        }
    }

    int Begin(JobSpec spec)
    {
        Stage(spec);
        var argv = spec.Arguments.ToList();
        argv[0] = spec.Argv0 ?? argv[0];
        using var staged = spec.Input is null ? null : Descriptor.Open(spec.Input, OpenMode.Read);
        try
        {
            return Start(spec, Program(spec), argv, (staged ?? streams.Input).Number);
        }
        catch (LinuxException e) when (e.Errno == Errno.EACCES && Encoding.UTF8.GetString(Directory(spec)) is var directory && !Files.MayEnter(directory))
        {
            // Which of the two it was, posix_spawn(3) does not tell.
            throw new IOException($"its owner may not enter its working directory, {directory}", e);
        }
    }

    int Start(JobSpec spec, string program, List<byte[]> argv, int input)
    {
        var missing = spec.Limits.Where(l => Limits.Get(l.Resource) != l).ToList();
        if (missing.Count == 0)
            return Direct(spec, program, argv, input);
        // Limits on address space cannot be set here: this runtime would be above them. A second, small step sets them and becomes the job.
        IEnumerable<string> step = [Host.Executable, "guest", LimitedStart.Verb, LimitedStart.Text(missing), program];
        return Spawn.Start(Host.Executable, [.. step.Select(Encoding.UTF8.GetBytes), .. argv], spec.Environment, Streams(spec, input), Directory(spec));
    }

    int[] Streams(JobSpec spec, int input) => [input, streams.Output.Number, (spec.Joined ? streams.Output : streams.Errors).Number];

    /// <summary>The status of a job whose program cannot be started.</summary>
    public static int StatusOf(Exception failure) => failure is LinuxException { Errno: Errno.ENOENT } ? NotFound : NotExecutable;

    // A script without an interpreter line is the shell's, as for execvp(3).
    int Direct(JobSpec spec, string program, List<byte[]> argv, int input)
    {
        try
        {
            return Spawn.Start(program, argv, spec.Environment, Streams(spec, input), Directory(spec));
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOEXEC)
        {
            const string shell = "/bin/sh";
            return Spawn.Start(shell, [.. new[] { shell, program }.Select(Encoding.UTF8.GetBytes), .. argv.Skip(1)], spec.Environment, Streams(spec, input), Directory(spec));
        }
    }

    static byte[] Directory(JobSpec spec)
    {
        string?[] choices = [Encoding.UTF8.GetString(spec.Directory), Variable(spec, "HOME"), "/"];
        return Encoding.UTF8.GetBytes(choices.First(System.IO.Directory.Exists)!);
    }

    // execvp(3) would look into the launcher's PATH; the job's is meant.
    static string Program(JobSpec spec)
    {
        var name = Encoding.UTF8.GetString(spec.Arguments[0]);
        if (name.Contains('/', StringComparison.Ordinal))
            return name;
        var directories = (Variable(spec, "PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':');
        // A relative entry is meant from where the job will be, not from here.
        var here = Encoding.UTF8.GetString(Directory(spec));
        return directories.Select(d => $"{Path.Combine(here, d)}/{name}").FirstOrDefault(IsProgram) ?? throw new LinuxException("exec", name, Errno.ENOENT);
    }

    static bool IsProgram(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    static string? Variable(JobSpec spec, string name)
    {
        var prefix = Encoding.UTF8.GetBytes(name + "=");
        return spec.Environment.Where(e => e.AsSpan().StartsWith(prefix)).Select(e => Encoding.UTF8.GetString(e.AsSpan(prefix.Length))).FirstOrDefault();
    }

    void Forward(PosixSignalContext context, int signal)
    {
        context.Cancel = true;
        Signal(signal);
    }

    void Mark(JobSpec spec, string word, int number)
    {
        var mark = OutputMark.Write(spec.Nonce, word, number);
        streams.Output.WriteAll(mark);
        streams.Errors.WriteAll(mark);
    }
}
