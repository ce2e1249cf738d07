using System.Net.Sockets;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using VmAppliance.Diagnostics;

namespace VmAppliance.Guest;

/// <summary>How a command in a machine came to its end.</summary>
/// <param name="Started">Whether its first instruction may have run.</param>
/// <param name="End">Its end; null when the machine was lost first.</param>
/// <param name="Loss">Why the machine was lost, as far as the connection can tell.</param>
sealed record GuestResult(bool Started, JobEnd? End, string? Loss);

/// <summary>An ssh connection to a machine, over which one command is run.</summary>
sealed class GuestSession : IDisposable
{
    /// <summary>The program that every image of ours carries, where it lies there.</summary>
    public const string Agent = "/usr/bin/vmappliance";

    /// <summary>What a session asks for. A shell understands it, and so does the agent as the shell of its sessions (Linux/handover.c).</summary>
    public const string Launch = $"exec {Agent} guest exec";

    const long MostUnread = 4 << 20;
    const int Chunk = 64 * 1024;
    const int MostTurns = 20;

    static readonly TimeSpan BetweenTurns = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan MarkPatience = TimeSpan.FromSeconds(1);

    readonly GuestAccess _access;
    readonly GuestChannel? _channel;
    readonly ThrottledRelay _relay;
    readonly SshClient _client;
    readonly CancellationToken _lost;
    readonly CancellationTokenRegistration _end;
    readonly object _signals = new();
    readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly List<int> _early = [];
    volatile int _launcher;
    Func<bool> _mayBegin = () => true;
    SshCommand? _command;

    GuestSession(GuestAccess access, GuestChannel? channel, CancellationToken lost)
    {
        _lost = lost;
        _channel = channel;
        _access = access;
        _relay = new ThrottledRelay(SshConnection.Target(access), () => Unread() < MostUnread);
        _client = SshConnection.Client(access, _relay.EndPoint);
        // SSH.NET waits without end in several places, but not for a connection that is closed.
        _end = lost.Register(_relay.Dispose);
    }

    /// <summary>Connects; the machine's host key must be the lease's.</summary>
    /// <param name="access">The way in.</param>
    /// <param name="channel">The port of the machine's agent; null when it has none.</param>
    /// <param name="lost">Cancelled when the machine is known to be gone, or nobody waits for it any more: whatever the session does then ends.</param>
    /// <exception cref="ApplianceException">Nobody answers, or it is not our machine.</exception>
    public static GuestSession Connect(GuestAccess access, GuestChannel? channel, CancellationToken lost)
    {
        for (var turn = 1; ; turn++)
            try
            {
                return ConnectOnce(access, channel, lost);
            }
            catch (ApplianceException e) when (turn < MostTurns && IsTurnedAway(e) && !lost.WaitHandle.WaitOne(BetweenTurns))
            {
            }
    }

    // Too many knock at once: sshd closes the connection before it has said who it is, MaxStartups in sshd_config(5). When it would not, nothing tells.
    static bool IsTurnedAway(ApplianceException e) => e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset }
        or SshConnectionException { DisconnectReason: DisconnectReason.ConnectionLost or DisconnectReason.ProtocolError };

    static GuestSession ConnectOnce(GuestAccess access, GuestChannel? channel, CancellationToken lost)
    {
        var session = new GuestSession(access, channel, lost);
        try
        {
            session._client.Connect();
            // SSH.NET measures a job that does not read its input by this time, too.
            session._client.ConnectionInfo.Timeout = Timeout.InfiniteTimeSpan;
            return session;
        }
        catch (Exception e) when (e is SshException or SocketException)
        {
            session.Dispose();
            var failure = session._relay.Failure;
            throw new ApplianceException(Blame.Transient, "connect to machine", $"{access.User}@{access.Address}:{access.Port}", failure ?? e.Message,
                "the job has not started; it can run again", failure is null ? e : null);
        }
    }

    /// <summary>Runs a command until it ends or the machine is lost.</summary>
    /// <param name="spec">The command.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="output">Where its standard output goes.</param>
    /// <param name="errors">Where its standard error goes.</param>
    /// <param name="mayBegin">Asked once, before the job's first instruction: whether it may have one.</param>
    /// <exception cref="IOException">One of its files cannot be read.</exception>
    public async Task<GuestResult> Run(JobSpec spec, Stream input, Stream output, Stream errors, Func<bool> mayBegin)
    {
        _mayBegin = mayBegin;
        // Before anything is started: what cannot be read is not the machine's fault.
        List<Stream> files = [.. spec.Files.Select(f => f.Open())];
        MarkedOutput standard = new(spec.Nonce, output), error = new(spec.Nonce, errors);
        using var command = _command = _client.CreateCommand(Launch);
        string? loss = null;
        try
        {
            var execution = command.ExecuteAsync(CancellationToken.None);
            Feed(command, spec, files, input);
            // A machine on a bridge that is gone does not even close its connections: only the watch on its process tells.
            await Task.WhenAll(Drain(command.OutputStream, standard), Drain(command.ExtendedOutputStream, error)).WaitAsync(_lost).ConfigureAwait(false);
            if (standard.Status is null)
                await execution.WaitAsync(_lost).ConfigureAwait(false);
            loss = $"the connection ended{(command.ExitStatus is { } status ? $" with status {status}" : "")}";
        }
        catch (Exception e)
        {
            // Whatever it was: a job that may have begun must never look as if it had not.
            loss = e is OperationCanceledException ? "the machine ended" : e.Message;
        }
        standard.Release(TimeSpan.Zero);
        error.Release(TimeSpan.Zero);
        return new GuestResult(_go.Task.IsCompleted, standard.End, standard.End is null ? loss : null);
    }

    /// <summary>Sends a signal to the job's process group; one that comes before the job has started is delivered then.</summary>
    public void Signal(int signal)
    {
        lock (_signals)
            if (_launcher == 0)
                _early.Add(signal);
            else
                Task.Run(() => Deliver(signal));
    }

    // SSH.NET's streams wait with a thread in any case: one of their own is cheaper than one of a pool for each read.
    Task Drain(Stream stream, MarkedOutput output) => Task.Factory.StartNew(() => Pump(stream, output), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    void Pump(Stream stream, MarkedOutput output)
    {
        var buffer = new byte[Chunk];
        // The launcher writes a mark at once: what is not followed by the rest of one soon is a prompt, and somebody waits for it.
        // Half of that is what it must have been silent for at least: the timer's clock is not the one that measures it.
        using var prompt = new Timer(_ => output.Release(MarkPatience / 2));
        for (int count; output.Status is null && (count = stream.Read(buffer)) > 0;)
        {
            output.Write(buffer.AsSpan(0, count));
            if (output.Holds)
                prompt.Change(MarkPatience, Timeout.InfiniteTimeSpan);
            _relay.Drained();
            if (_launcher == 0 && output.Launcher is { } launcher)
                Launched(launcher);
        }
    }

    void Launched(int launcher)
    {
        lock (_signals)
        {
            _launcher = launcher;
            if (!_mayBegin())
                return;
            _go.TrySetResult();
            _early.ForEach(signal => Task.Run(() => Deliver(signal)));
            _early.Clear();
        }
    }

    // By the agent's port, which takes no time; a machine without one gets a connection of its own for it, because the first one may be
    // stopped by a reader that does not read.
    void Deliver(int signal)
    {
        try
        {
            if (_channel is not null)
            {
                _channel.Send(new GuestMessage { Signal = new JobSignal(signal, _launcher) });
                return;
            }
            using var client = SshConnection.Client(_access, SshConnection.Target(_access));
            client.Connect();
            using var command = client.CreateCommand(Launch);
            var execution = command.BeginExecute();
            using (var input = command.CreateInputStream())
                JobSpec.Of(new JobSignal(signal, _launcher)).Write(input);
            command.EndExecute(execution);
        }
        catch (Exception e) when (e is SshException or SocketException or IOException)
        {
            Journal.Write(Severity.Warning, $"deliver signal {signal}, machine {_access.Address}:{_access.Port}: {e.Message}");
        }
    }

    // In a thread of its own from the first byte on: a machine may take it slowly, and nothing else shall wait for that.
    void Feed(SshCommand command, JobSpec spec, IReadOnlyList<Stream> files, Stream input)
    {
        var stream = command.CreateInputStream();
        new Thread(() => JobInput.Pass(spec, files, input, stream, _go.Task)) { IsBackground = true }.Start();
    }

    long Unread() => _command is { } command ? command.OutputStream.Length + command.ExtendedOutputStream.Length : 0;

    public void Dispose()
    {
        _end.Dispose();
        _relay.Dispose();
        _client.Dispose();
    }
}
