using System.Text;
using Microsoft.Win32.SafeHandles;
using static VmAppliance.SystemTests.Fixtures.Native;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>A program that runs; it and its process group do not outlive this object.</summary>
sealed class RunningCommand : IAsyncDisposable
{
    static readonly TimeSpan PipePatience = TimeSpan.FromSeconds(5);

    readonly Command _command;
    readonly Lock _lock = new();
    readonly Timer _deadline;
    readonly TaskCompletionSource<int> _status = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool _reaped, _late;

    /// <summary>Starts a command.</summary>
    public RunningCommand(Command command, IReadOnlyList<byte[]> environment)
    {
        _command = command;
        var (inputEnd, input) = InputOf(command);
        var (output, outputEnd) = OutputOf(command);
        var (errors, errorsEnd) = Spawned.Pipe();
        Pid = Spawned.Start(command.Argv, environment, command.Directory, [inputEnd, outputEnd, errorsEnd]);
        foreach (var end in new[] { inputEnd, outputEnd, errorsEnd })
            end.Dispose();
        Input = input is null ? Stream.Null : new FileStream(input, FileAccess.Write, 0);
        RawOutput = command.ReadsOutputItself ? new FileStream(output!, FileAccess.Read, 0) : Stream.Null;
        Output = output is null || command.ReadsOutputItself ? new Capture() : new Capture(output);
        Errors = new Capture(errors);
        _deadline = new Timer(_ => Expire(), null, command.Deadline, Timeout.InfiniteTimeSpan);
        new Thread(Wait) { IsBackground = true }.Start();
        if (command.Input is { } bytes)
            new Thread(() => Feed(bytes)) { IsBackground = true }.Start();
        Ended = Result();
    }

    /// <summary>Process id.</summary>
    public int Pid { get; }

    /// <summary>Its standard input, if the command keeps it open.</summary>
    public Stream Input { get; }

    /// <summary>Its standard output, if the test reads it itself.</summary>
    public Stream RawOutput { get; }

    /// <summary>What it writes to standard output.</summary>
    public Capture Output { get; }

    /// <summary>What it writes to standard error.</summary>
    public Capture Errors { get; }

    /// <summary>Its end.</summary>
    public Task<CommandResult> Ended { get; }

    /// <summary>Sends it (not its group) a signal.</summary>
    public void Signal(int signal)
    {
        lock (_lock)
            if (!_reaped)
                _ = kill(Pid, signal);
    }

    /// <summary>Writes a line to its standard input.</summary>
    public async Task Say(string line)
    {
        await Input.WriteAsync(Encoding.UTF8.GetBytes($"{line}\n"));
        await Input.FlushAsync();
    }

    async Task<CommandResult> Result()
    {
        var status = await _status.Task;
        await Task.WhenAny(Task.WhenAll(Output.End, Errors.End), Task.Delay(PipePatience));
        var result = new CommandResult(status, Output.Bytes, Errors.Bytes);
        if (_late)
            throw new TimeoutException($"{_command}: killed after {_command.Deadline.TotalSeconds} s: {result}");
        return Output.End.IsCompleted && Errors.End.IsCompleted ? result
            : throw new InvalidOperationException($"{_command}: ended, but something still has its output open: {result}");
    }

    void Wait()
    {
        var status = Spawned.Wait(Pid);
        lock (_lock)
            _reaped = true;
        _deadline.Dispose();
        _status.SetResult(status);
    }

    void Expire()
    {
        _late = true;
        KillGroup();
    }

    void KillGroup()
    {
        lock (_lock)
            if (!_reaped)
                _ = kill(-Pid, SIGKILL);
    }

    void Feed(byte[] bytes)
    {
        try
        {
            using (Input)
                Input.Write(bytes);
        }
        catch (IOException)
        {
            // It ended without reading all of its input.
        }
    }

    static (SafeFileHandle End, SafeFileHandle? Ours) InputOf(Command command) =>
        command.Input is not null || command.KeepInputOpen ? Spawned.Pipe() : (File.OpenHandle("/dev/null"), null);

    static (SafeFileHandle? Ours, SafeFileHandle End) OutputOf(Command command) =>
        command.OutputFile is { } file ? (null, File.OpenHandle(file, FileMode.Create, FileAccess.Write)) : Spawned.Pipe();

    public async ValueTask DisposeAsync()
    {
        KillGroup();
        await _status.Task;
        await Input.DisposeAsync();
        await RawOutput.DisposeAsync();
    }
}
