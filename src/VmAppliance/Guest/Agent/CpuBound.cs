using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Bounds the CPU time of a whole job: of all its processes together, those that have ended and those that no longer belong to its session
/// included. The kernel's own limit, RLIMIT_CPU of getrlimit(2), is one process's; a batch system bounds the job.
/// </summary>
sealed class CpuBound : IDisposable
{
    const int SIGXCPU = 24;
    const string Hierarchy = "/run/vmappliance/cgroup", Name = "vmappliance-job";

    // Longer than any job: as good as no limit.
    const ulong LongestSeconds = 1UL << 33;

    // Tolerance: as often as that it is looked at when the limit is near.
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1), Tolerance = TimeSpan.FromMilliseconds(50), s_longest = TimeSpan.FromHours(1);

    static readonly Lock s_lock = new();
    static CpuBound? s_current;
    static ControlGroup? s_group;

    readonly ControlGroup _group;
    readonly TimeSpan _soft, _hard, _before;
    readonly ManualResetEventSlim _over = new();
    readonly Thread _watch;
    int _sessions = 1;

    CpuBound(ControlGroup group, Limit limit)
    {
        (_group, _before, _soft, _hard) = (group, group.Used.Total, Time(limit.Soft), Time(limit.Hard));
        _watch = new Thread(Watch) { IsBackground = true };
        _watch.Start();
    }

    /// <summary>Begins to bound a job, or joins those of its sessions that are bound already.</summary>
    /// <param name="limits">The job's: RLIMIT_CPU, in seconds, is what all of it may use.</param>
    /// <returns>Null when the job has no such limit, or when this system cannot count: then each of its processes is bound alone.</returns>
    public static CpuBound? Begin(IEnumerable<Limit> limits)
    {
        var limit = limits.FirstOrDefault(l => l.Resource == Limits.CPU, new Limit(Limits.CPU, ulong.MaxValue, ulong.MaxValue));
        if (limit is { Soft: ulong.MaxValue, Hard: ulong.MaxValue })
            return null;
        lock (s_lock)
        {
            if (s_current is { } current)
            {
                current._sessions++;
                return current;
            }
            return (s_group ??= MakeGroup()) is { } group ? s_current = new CpuBound(group, limit) : null;
        }
    }

    /// <summary>What the job may use at most, in seconds, once it has used that; null before.</summary>
    public long? Exhausted => _hard < TimeSpan.MaxValue && Used >= _hard - Tolerance ? (long)_hard.TotalSeconds : null;

    /// <summary>Counts a process and all that it will start; one that has ended already is no error.</summary>
    public void Add(int pid)
    {
        try
        {
            _group.Add(pid);
        }
        catch (LinuxException e) when (e.Errno == Errno.ESRCH)
        {
            // Whoever waits for it is told how.
        }
    }

    TimeSpan Used => _group.Used.Total - _before;

    // Small systems have not mounted it.
    static ControlGroup? MakeGroup()
    {
        if (ControlGroup.Make(Name) is { } found)
            return found;
        foreach (var (type, options) in new[] { ("cgroup2", ""), ("cgroup", "cpuacct") })
            try
            {
                Directory.CreateDirectory(Hierarchy);
                GuestKernel.Mount(type, Hierarchy, options);
                return ControlGroup.Make(Name);
            }
            catch (IOException)
            {
                // An older kernel has the other one.
            }
        return null;
    }

    void Watch()
    {
        try
        {
            for (var next = _soft; !_over.Wait(Until(next));)
                next = Look(next);
        }
        catch (IOException e)
        {
            GuestKernel.Say($"bound CPU time: {e.Message}");
        }
    }

    // The job cannot use more than all processors give: until then nobody has to look.
    TimeSpan Until(TimeSpan next)
    {
        var time = ((next < _hard ? next : _hard) - Used) / Environment.ProcessorCount;
        return time < Tolerance ? Tolerance : time > s_longest ? s_longest : time;
    }

    // As the kernel does with a process: it is told again after each second that it goes on.
    TimeSpan Look(TimeSpan next)
    {
        var used = Used;
        if (used >= _hard)
            Each(_ => true, Kill.SIGKILL);
        else if (used >= next)
            Each(pid => !IsToldByKernel(pid, next == _soft), SIGXCPU);
        return used < next || next == TimeSpan.MaxValue ? next : used + Second;
    }

    // Who has used all that by itself, or soon will have, would hear it twice.
    bool IsToldByKernel(int pid, bool isFirst) => ProcessStatus.Of(pid) is not { } status
        || status.UserTime + status.SystemTime >= (isFirst ? _soft - Second : _soft);

    void Each(Func<int, bool> which, int signal)
    {
        foreach (var pid in _group.Processes.Where(which))
            Kill.Process(pid, signal);
    }

    static TimeSpan Time(ulong seconds) => seconds > LongestSeconds ? TimeSpan.MaxValue : TimeSpan.FromSeconds(seconds);

    /// <summary>A session of the job is over.</summary>
    public void Dispose()
    {
        lock (s_lock)
        {
            if (--_sessions > 0)
                return;
            s_current = null;
        }
        _over.Set();
        _watch.Join();
        _over.Dispose();
    }
}
