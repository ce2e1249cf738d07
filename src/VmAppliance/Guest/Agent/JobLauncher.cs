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
    // What a shell says of a program that was found but cannot be executed.
    const int NotExecutable = 126;

    const int SIGPIPE = 13;

    // Bytes. The kernel takes a few MiB of arguments and environment; the agent must outlast who asks for more.
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
        var staging = new Staging(spec, Read);
        var failure = !staging.IsNeeded ? null : owner is null ? staging.Run() : owner.Run(staging.Run);
        Mark(OutputMark.Write(spec.Nonce, OutputMark.Started, process));
        if (streams.Input.ReadFully(new byte[1]) == 0)
            return NotExecutable; // the starter is gone
        var end = failure is null ? Launch(spec) : Refused(spec, failure);
        Mark(OutputMark.Write(spec.Nonce, end));
        return end.Status;
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

    JobEnd Launch(JobSpec spec)
    {
        try
        {
            Limits.Adopt(spec.Limits);
            using var bound = owner is null ? null : CpuBound.Begin(spec.Limits);
            using var memory = new OutOfMemory(owner?.Uid ?? Host.RealUser);
            var pid = Begin(new JobStart(spec, streams, waits: bound is not null), bound);
            var status = ProcessHandle.Reap(pid, out var signal);
            if (signal == Kill.SIGKILL && bound?.Exhausted is { } seconds)
                Say(spec, "run", $"all of its CPU time is used up, {seconds} s (h_cpu)");
            if (memory.Sentence() is { } sentence)
                Say(spec, "run", sentence);
            return new JobEnd(status, signal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refused(spec, e);
        }
    }

    JobEnd Refused(JobSpec spec, Exception e)
    {
        Say(spec, "start", e.Message);
        return new JobEnd(e is ProgramException program ? program.Status : NotExecutable, IsRefused: true);
    }

    // One whose CPU time is bounded does not begin before it is counted.
    int Begin(JobStart start, CpuBound? bound)
    {
        lock (_lock)
            try
            {
                _job = owner is null ? start.Begin() : owner.Run(start.Begin);
                bound?.Add(_job);
                _early.ForEach(s => Kill.Group(_job, s));
            }
            finally
            {
                start.Release();
            }
        start.Confirm(_job);
        return _job;
    }

    void Say(JobSpec spec, string operation, string sentence) => (spec.Joined ? streams.Output : streams.Errors)
        .WriteAll([.. Encoding.UTF8.GetBytes($"vmappliance: {operation} job, "), .. spec.Arguments[0], .. Encoding.UTF8.GetBytes($": {sentence}\n")]);

    void Forward(PosixSignalContext context, int signal)
    {
        context.Cancel = true;
        Signal(signal);
    }

    void Mark(byte[] mark)
    {
        streams.Output.WriteAll(mark);
        streams.Errors.WriteAll(mark);
    }
}
