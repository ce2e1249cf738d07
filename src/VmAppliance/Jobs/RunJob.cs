using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Runs a job in its machine as if it ran here: its streams, its signals, its exit status.</summary>
/// <param name="hypervisor">What runs its machine.</param>
/// <param name="pass">The way into the machine.</param>
/// <param name="directory">The lease's directory.</param>
/// <param name="notStarted">Says the exit status for a job whose machine was lost before its first instruction.</param>
sealed class RunJob(IHypervisor hypervisor, Pass pass, string directory, Func<int> notStarted)
{
    const int SIGPIPE = 13;
    const int OutputLost = 1;
    const int BySignal = 128;

    // Many times what a busy node's emulated machine takes.
    static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    static readonly TimeSpan LastWordsPatience = TimeSpan.FromMilliseconds(500);

    bool _outputLost;

    /// <summary>Runs it.</summary>
    /// <param name="spec">The command.</param>
    /// <returns>How the job ended; or one of the statuses for a lost machine; or by which signal it ended that came before it could begin.</returns>
    /// <exception cref="ApplianceException">The machine cannot be reached; the job has not started.</exception>
    public async Task<JobEnd> Run(JobSpec spec)
    {
        using var signals = new JobSignals();
        // Says to root's hooks that the machine is in use. Who keeps the lock for himself harms only his own job.
        using var use = FileLock.TryShared(LeaseStore.PassFile(directory));
        using var lost = new CancellationTokenSource();
        // What the machine says before it dies is the best reason there is; another starter of the same job may listen already.
        using var console = hypervisor.Console(directory);
        using var watch = new MachineWatch(pass.Machine, console, lost);
        using var channel = GuestChannel.TryOpen(MachineDirectory.Port(directory));
        using var start = new StartWatch(StartPatience, () => hypervisor.IsPaused(directory), lost.Token);
        signals.Tell(start.Notice);
        try
        {
            using var session = Connect(channel, watch, start);
            signals.Attach(session);
            using var budget = MachineBudget.Of(pass.Machine, () => session.Signal(Kill.SIGKILL));
            void Broken(LinuxException e) => OutputBroke(e, session);
            Stream input = spec.Input is null ? new RawInput(0) : Stream.Null;
            RawOutput output = new(1, Broken), errors = new(2, Broken);
            var result = await session.Run(spec, input, output, errors, () => MayBegin(start)).ConfigureAwait(false);
            if (budget?.Reason is { } reason && result.End is null or { Signal: Kill.SIGKILL })
                return UsedUp(reason);
            return result.End is { } end ? (_outputLost && end.Status == 0 ? new JobEnd(OutputLost) : end)
                : start.Signal is { } signal ? Ended(signal) : new JobEnd(Lost(result, watch, start));
        }
        catch (ApplianceException) when (start.Signal is not null)
        {
            return Ended(start.Signal.Value);
        }
    }

    bool MayBegin(StartWatch start)
    {
        if (!start.TryBegin())
            return false;
        LeaseStore.MarkBegun(directory);
        return true;
    }

    static JobEnd Ended(int signal) => new(BySignal + signal, signal);

    static JobEnd UsedUp(string reason)
    {
        Complaint.Say($"vmappliance: run job: {reason}\n(hint: give the execution daemon CAP_SYS_RESOURCE, and only what the job itself uses will count)\n");
        return Ended(Kill.SIGKILL);
    }

    GuestSession Connect(GuestChannel? channel, MachineWatch watch, StartWatch start)
    {
        try
        {
            return GuestSession.Connect(pass.Access, channel, start.Over);
        }
        catch (ApplianceException e)
        {
            var state = watch.HasEnded(LastWordsPatience) ? "the machine ended" : "the machine runs";
            throw new ApplianceException(e.Blame, "connect to machine", $"{pass.Access.User}@{pass.Access.Address}:{pass.Access.Port}",
                $"{e.Reason}; {state}{watch.LastWords()}", e.Hint, e);
        }
    }

    int Lost(GuestResult result, MachineWatch watch, StartWatch start)
    {
        // The connection may break a moment before the machine's end is seen.
        var reason = watch.HasEnded(LastWordsPatience) ? $"the machine ended{watch.LastWords()}"
            : start.IsLate ? $"the machine has not begun within {StartPatience.TotalSeconds:0} s" : $"the machine cannot be reached ({result.Loss})";
        Complaint.Say(result.Started
            ? $"vmappliance: run job: {reason}; the job did not finish\n"
            : $"vmappliance: start job: {reason}; the job had not started\n");
        return result.Started ? pass.LostStatus : notStarted();
    }

    // A job whose reader has gone gets SIGPIPE on the node, and so it does in its machine. One whose disk is full would have seen its
    // write fail; here it is too late to tell it, but it must not look as if all was well.
    void OutputBroke(LinuxException failure, GuestSession session)
    {
        if (failure.Errno == Errno.EPIPE)
        {
            session.Signal(SIGPIPE);
            return;
        }
        _outputLost = true;
        Complaint.Say($"vmappliance: write job's output: {failure.Reason}; the rest of it is lost\n");
    }
}
