using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>
/// The CPU time that a machine may use itself, where this node does not let its root lift the job's limit (no CAP_SYS_RESOURCE): the kernel ends
/// it there, RLIMIT_CPU of getrlimit(2). The job is ended shortly before, in order: its status and what it has used are not lost.
/// </summary>
sealed class MachineBudget : IDisposable
{
    // What is left for the job's end; and how often it is looked at when that is near.
    static readonly TimeSpan s_reserve = TimeSpan.FromSeconds(1), s_least = TimeSpan.FromMilliseconds(100), s_longest = TimeSpan.FromHours(1);

    readonly MachineReference _machine;
    readonly TimeSpan _limit;
    readonly Action _end;
    readonly ManualResetEventSlim _over = new();
    readonly Thread _watch;
    volatile bool _isUsedUp;

    MachineBudget(MachineReference machine, ulong seconds, Action end)
    {
        (_machine, _limit, _end) = (machine, TimeSpan.FromSeconds(seconds), end);
        _watch = new Thread(Watch) { IsBackground = true };
        _watch.Start();
    }

    /// <summary>Begins to watch.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="end">Ends its job; called once.</param>
    /// <returns>Null when nothing bounds it.</returns>
    public static MachineBudget? Of(MachineReference machine, Action end) =>
        Limits.CpuCeilingOf(machine.Pid) is > 0 and < int.MaxValue and var seconds ? new MachineBudget(machine, seconds, end) : null;

    /// <summary>Why the job was ended, as a sentence; null when it was not.</summary>
    public string? Reason => _isUsedUp
        ? $"the CPU time of its machine is used up, {_limit.TotalSeconds:0} s (h_cpu), which this node does not let its root lift" : null;

    void Watch()
    {
        while (Left() is { } left)
        {
            if (left <= TimeSpan.Zero)
            {
                _isUsedUp = true;
                _end();
                return;
            }
            // Its threads cannot use more than all processors give.
            var wait = left / Environment.ProcessorCount;
            if (_over.Wait(wait < s_least ? s_least : wait > s_longest ? s_longest : wait))
                return;
        }
    }

    // Null when it is gone.
    TimeSpan? Left() => ProcessStatus.Of(_machine.Pid) is { } status && status.StartTicks == _machine.StartTicks
        ? _limit - s_reserve - status.UserTime - status.SystemTime : null;

    public void Dispose()
    {
        _over.Set();
        _watch.Join();
        _over.Dispose();
    }
}
