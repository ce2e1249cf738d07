using System.Text;
using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary><c>starter</c>: runs the job in its machine, with the rights of its owner and nothing else.</summary>
static class StarterMode
{
    /// <summary>Runs the job.</summary>
    /// <param name="words">The job's program and arguments, as the batch system gave them.</param>
    /// <returns>The job's status, or what <see cref="RunJob"/> says of a lost machine.</returns>
    public static int Run(IReadOnlyList<byte[]> words)
    {
        try
        {
            return Start(words);
        }
        catch (Exception e)
        {
            Complaint.Say(Complaint.Text(e));
            return Complaint.BlameOf(e) == Blame.Job ? GridEngine.JobError : NotStarted();
        }
    }

    // What can be known of a machine here comes from its owner's processes, as in a prolog that waits for it.
    static int NotStarted()
    {
        try
        {
            var tries = new TryStore(ConfigurationFile.Load(ConfigurationFile.Locate()).Appliance.RunDirectory);
            if (tries.Of(CurrentKey())?.Finding(Blame.Machine, tries.Now) is not { } finding)
                return GridEngine.RunAgain;
            Complaint.Say(Complaint.Text(finding));
            return finding.Blame == Blame.Job ? GridEngine.JobError : GridEngine.RunAgain;
        }
        catch (ApplianceException)
        {
            // It has been said already why.
            return GridEngine.RunAgain;
        }
    }

    static int Start(IReadOnlyList<byte[]> words)
    {
        var settings = ConfigurationFile.Load(ConfigurationFile.Locate());
        var key = CurrentKey();
        var spool = InitialProcess.Variable(GridEngine.SpoolVariable) is { } path ? SpoolDirectory.OpenOwn(path) : null;
        if (words.Count == 0)
            throw new ApplianceException(Blame.Usage, "start job", $"job {key}", "there is no command", "this mode is a starter_method of Grid Engine");
        var command = new GridEngineCommand(words, InitialProcess.Value, spool).Read();
        var node = new Node(settings);
        if (node.Leases.PassOf(key) is { } pass)
        {
            var run = new RunJob(node.Hypervisor, pass, node.Leases.DirectoryOf(key), NotStarted);
            return EndLike(InMachine(run, Commands.OfJob(command)));
        }
        if (InitialProcess.Variable("QUEUE") is { } queue && PrologMode.Queue(settings, queue).Image is null)
            return Natively(command);
        throw new ApplianceException(Blame.Transient, "start job", $"job {key}", "it has no machine on this node", "is the queue's prolog set?");
    }

    // A limit of CPU time is the job's, which has it in its machine. To this process the kernel would send a signal that looks like one for the job.
    static Guest.JobEnd InMachine(RunJob run, Guest.JobSpec spec)
    {
        Limits.ToCeiling(Limits.CPU);
        return run.Run(spec).GetAwaiter().GetResult();
    }

    /// <summary>The job that a method of the owner's was called for.</summary>
    /// <exception cref="ApplianceException">The environment names none.</exception>
    public static JobKey CurrentKey() => JobKey.Parse(InitialProcess.Variable("JOB_ID"), InitialProcess.Variable("SGE_TASK_ID"))
        ?? throw new ApplianceException(Blame.Usage, "find job", "JOB_ID", "it is not set", "this mode is a method of Grid Engine");

    // Grid Engine sees this process end as it would have seen the job end on the node, where one that cannot be started is in error.
    static int EndLike(Guest.JobEnd end)
    {
        if (end.IsRefused)
            return GridEngine.JobError;
        if (end.Signal != 0)
            Death.By(end.Signal);
        return end.Status;
    }

    // A queue with image = none: the job runs on the node, as if there were no starter_method.
    static int Natively(BatchCommand command)
    {
        var program = command.Arguments[0];
        try
        {
            program = ProgramPath.Find(program, InitialProcess.Value("PATH"), InitialProcess.Directory() ?? "."u8.ToArray());
            Exec.Replace(program, [command.Argv0 ?? command.Arguments[0], .. command.Arguments.Skip(1)], InitialProcess.Environment(), null, command.Input);
        }
        catch (LinuxException e)
        {
            Complaint.Say($"vmappliance: start job, {Encoding.UTF8.GetString(command.Arguments[0])}: {ExecFailure.Reason(program, e)}\n");
        }
        return GridEngine.JobError;
    }
}
