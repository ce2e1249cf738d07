using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Runs a job in its machine as if it ran here: its streams, its signals, its exit status.</summary>
sealed class RunJob(Pass pass, string directory)
{
    const int SIGPIPE = 13;

    static readonly TimeSpan LastWordsPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it.</summary>
    /// <param name="spec">The command.</param>
    /// <param name="complain">Takes the one line that says why a machine was lost.</param>
    /// <returns>The job's exit status; <see cref="Batch.GridEngine.RunAgain"/> when the machine was lost before the job's first instruction;
    /// the lease's lost status when it was lost later.</returns>
    public async Task<int> Run(JobSpec spec, Action<string> complain)
    {
        using var signals = new JobSignals();
        using var use = FileLock.WaitShared(LeaseStore.PassFile(directory));
        using var lost = new CancellationTokenSource();
        using var console = Listen();
        using var watch = new MachineWatch(pass.Machine, console, lost);
        using var session = GuestSession.Connect(pass.Access);
        signals.Attach(session);
        void Broken(LinuxException e) => OutputBroke(e, session, complain);
        var result = await session.Run(spec, Console.OpenStandardInput(), new RawOutput(1, Broken), new RawOutput(2, Broken), lost.Token).ConfigureAwait(false);
        return result.Status ?? Lost(result, watch, complain);
    }

    int Lost(GuestResult result, MachineWatch watch, Action<string> complain)
    {
        // The connection may break a moment before the machine's end is seen.
        var ended = watch.HasEnded(LastWordsPatience);
        var reason = ended ? $"the machine ended{watch.LastWords()}" : $"the machine cannot be reached ({result.Loss})";
        complain(result.Started
            ? $"vmappliance: run job: {reason}; the job did not finish"
            : $"vmappliance: start job: {reason}; the job had not started and will run again");
        return result.Started ? pass.LostStatus : Batch.GridEngine.RunAgain;
    }

    // A job whose reader has gone gets SIGPIPE on the node, and so it does in its machine.
    static void OutputBroke(LinuxException failure, GuestSession session, Action<string> complain)
    {
        if (failure.Errno == Errno.EPIPE)
            session.Signal(SIGPIPE);
        else
            complain($"vmappliance: write job's output: {failure.Reason}; the rest of it is lost");
    }

    // What the machine says before it dies is the best reason there is; another starter of the same job may have the console already.
    ConsoleTail? Listen()
    {
        try
        {
            return ConsoleTail.Connect($"{directory}/{QemuCommand.ConsoleSocket}");
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
