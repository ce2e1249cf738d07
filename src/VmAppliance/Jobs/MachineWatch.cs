using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Notices a machine's end at once, and keeps what it said on its console.</summary>
sealed class MachineWatch : IDisposable
{
    readonly ProcessHandle? _process;
    readonly ConsoleTail? _console;
    readonly Descriptor _stop;
    readonly Descriptor _stopped;
    readonly ManualResetEventSlim _ended = new();
    readonly Thread _thread;

    /// <summary>Begins to watch.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="console">Its console; null when somebody else listens to it.</param>
    /// <param name="lost">Cancelled when the machine has ended.</param>
    public MachineWatch(MachineReference machine, ConsoleTail? console, CancellationTokenSource lost)
    {
        _process = ProcessHandle.Open(machine.Pid, machine.StartTicks);
        _console = console;
        (_stopped, _stop) = Descriptor.Pipe();
        _thread = new Thread(() => Watch(lost)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Whether it has ended, or does so very soon.</summary>
    public bool HasEnded(TimeSpan patience) => _ended.Wait(patience);

    /// <summary>What it said last, as the end of a sentence; nothing when it said nothing.</summary>
    public string LastWords() => _console?.LastWords() is { } words ? $" ({words})" : "";

    void Watch(CancellationTokenSource lost)
    {
        while (_process is not null)
        {
            var ready = Poll.Readable(Deadline.None, _stopped.Number, _console?.PollDescriptor ?? -1, _process.PollDescriptor);
            if (ready == 0)
                return;
            if (ready == 1)
                _console!.Drain();
            else if (ready == 2)
                break;
        }
        _console?.Drain();
        _ended.Set();
        try
        {
            // Not Cancel(): what waits for it would go on in this very thread, and at its end wait for this thread.
            _ = lost.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The job ended at the same moment.
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _thread.Join();
        _stopped.Dispose();
        _process?.Dispose();
    }
}
