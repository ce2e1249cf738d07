using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The first steps of a job, with its owner's rights: its directory, its program.</summary>
/// <param name="spec">The job.</param>
/// <param name="streams">Its session's.</param>
/// <param name="waits">Whether a job with limits waits for <see cref="Release"/> before it begins.</param>
sealed class JobStart(JobSpec spec, PassedStreams streams, bool waits = false)
{
    const string Hint = "(hint: missing_directory = make in the image's section of vmappliance.ini(5) has such a directory made, empty)";

    Descriptor? _report, _gate;
    byte[] _program = spec.Arguments[0];

    /// <summary>Begins it.</summary>
    /// <returns>Its process, which may not be the job yet: see <see cref="Confirm"/>.</returns>
    /// <exception cref="IOException">It cannot be started, and why.</exception>
    public int Begin()
    {
        RequireDirectory();
        Host.SetUmask(spec.Umask);
        try
        {
            _program = ProgramPath.Find(spec.Arguments[0], InitialProcess.Value(spec.Environment, "PATH"), spec.Directory);
            using var input = spec.Input is null ? null : Descriptor.Open(spec.Input, OpenMode.Read);
            return Start([spec.Argv0 ?? spec.Arguments[0], .. spec.Arguments.Skip(1)], (input ?? streams.Input).Number);
        }
        catch (LinuxException e)
        {
            throw Refused(e);
        }
    }

    /// <summary>Lets it go on.</summary>
    public void Release() => _gate?.Dispose();

    /// <summary>Waits until its process has become the job.</summary>
    /// <exception cref="IOException">It cannot, and why.</exception>
    public void Confirm(int process)
    {
        if (_report is null)
            return;
        using var report = _report;
        var errno = new byte[sizeof(int)];
        // The kernel closes the other end when it has become the job, or has ended.
        if (report.ReadFully(errno) < errno.Length)
            return;
        ProcessHandle.Reap(process);
        throw Refused(new LinuxException("exec", Encoding.UTF8.GetString(_program), BitConverter.ToInt32(errno)));
    }

    void RequireDirectory()
    {
        try
        {
            using var directory = Descriptor.Open(spec.Directory, OpenMode.Path);
            if (Files.Facts(directory).IsDirectory)
                return;
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
        }
        catch (LinuxException e)
        {
            throw NotEntered(e);
        }
        throw new IOException($"its working directory, {Directory}, is not in the machine\n{Hint}");
    }

    IOException NotEntered(LinuxException e) => new($"its owner may not enter its working directory, {Directory}", e);

    string Directory => Encoding.UTF8.GetString(spec.Directory);

    // Which of the two may not be entered, posix_spawn(3) does not tell.
    IOException Refused(LinuxException e) => e.Errno == Errno.EACCES && !Files.MayEnter(spec.Directory)
        ? NotEntered(e)
        : new ProgramException(ExecFailure.Reason(_program, e), e);

    int Start(IReadOnlyList<byte[]> argv, int input)
    {
        var missing = spec.Limits.Where(l => Limits.Get(l.Resource) != l).ToList();
        return missing.Count == 0 ? Direct(argv, input) : Limited(missing, argv, input);
    }

    // Limits on address space cannot be set here: this runtime would be above them. A second, small step sets them and becomes the job.
    int Limited(IReadOnlyList<Limit> limits, IReadOnlyList<byte[]> argv, int input)
    {
        (_report, var write) = Descriptor.Pipe();
        (var gate, _gate) = waits ? Descriptor.Pipe() : default;
        using (write)
        using (gate)
        {
            var verb = waits ? LimitedStart.WaitingVerb : LimitedStart.Verb;
            IEnumerable<byte[]> step = [.. new[] { Host.Executable, "guest", verb, LimitedStart.Text(limits) }.Select(Encoding.UTF8.GetBytes), _program];
            int[] more = gate is null ? [write.Number] : [write.Number, gate.Number];
            return Spawn.Start(Host.Executable, [.. step, .. argv], spec.Environment, [.. Streams(input), .. more], spec.Directory);
        }
    }

    // A script without an interpreter line is /bin/sh's, as for execvp(3).
    int Direct(IReadOnlyList<byte[]> argv, int input)
    {
        try
        {
            return Spawn.Start(_program, argv, spec.Environment, Streams(input), spec.Directory);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOEXEC)
        {
            var shell = "/bin/sh"u8.ToArray();
            return Spawn.Start(shell, [shell, _program, .. argv.Skip(1)], spec.Environment, Streams(input), spec.Directory);
        }
    }

    int[] Streams(int input) => [input, streams.Output.Number, (spec.Joined ? streams.Output : streams.Errors).Number];
}

/// <summary>A job's program cannot be executed.</summary>
/// <param name="reason">Why.</param>
/// <param name="cause">What execve(2) said.</param>
sealed class ProgramException(string reason, LinuxException cause) : IOException(reason, cause)
{
    const int NotExecutable = 126, NotFound = 127;

    /// <summary>What every shell says of such a program.</summary>
    public int Status { get; } = cause.Errno == Errno.ENOENT ? NotFound : NotExecutable;
}
