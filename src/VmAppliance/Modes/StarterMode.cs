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
    const int NotExecutable = 126, NotFound = 127;

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
            return Complaint.BlameOf(e) == Blame.Job ? GridEngine.JobError : GridEngine.RunAgain;
        }
    }

    static int Start(IReadOnlyList<byte[]> words)
    {
        var settings = ConfigurationFile.Load(ConfigurationFile.Locate());
        var key = CurrentKey();
        var spool = InitialProcess.Variable(GridEngine.SpoolVariable) is { } path ? SpoolDirectory.OpenOwn(path) : null;
        if (words.Count == 0)
            throw new ApplianceException(Blame.Usage, "start job", $"job {key}", "there is no command", "this mode is a starter_method of Grid Engine");
        var command = new GridEngineCommand(words, InitialProcess.Variable, spool).Read();
        var node = new Node(settings);
        if (node.Leases.PassOf(key) is { } pass)
            return new RunJob(node.Hypervisor, pass, node.Leases.DirectoryOf(key), GridEngine.RunAgain).Run(Commands.OfJob(command)).GetAwaiter().GetResult();
        if (InitialProcess.Variable("QUEUE") is { } queue && PrologMode.Queue(settings, queue).Image is null)
            return Natively(command);
        throw new ApplianceException(Blame.Transient, "start job", $"job {key}", "it has no machine on this node", "is the queue's prolog set?");
    }

    /// <summary>The job that a method of the owner's was called for.</summary>
    /// <exception cref="ApplianceException">The environment names none.</exception>
    public static JobKey CurrentKey() => JobKey.Parse(InitialProcess.Variable("JOB_ID"), InitialProcess.Variable("SGE_TASK_ID"))
        ?? throw new ApplianceException(Blame.Usage, "find job", "JOB_ID", "it is not set", "this mode is a method of Grid Engine");

    // A queue with image = none: the job runs on the node, as if there were no starter_method.
    static int Natively(BatchCommand command)
    {
        var argv = command.Arguments.ToList();
        var program = Encoding.UTF8.GetString(argv[0]);
        if (command.Argv0 is not null)
            argv[0] = Encoding.UTF8.GetBytes(command.Argv0);
        try
        {
            Exec.Replace(OnPath(program), argv, InitialProcess.Environment(), null, command.Input);
            return NotExecutable;
        }
        catch (LinuxException e)
        {
            Complaint.Say($"vmappliance: start job, {program}: {e.Reason}\n");
            return e.Errno == Errno.ENOENT ? NotFound : NotExecutable;
        }
    }

    static string OnPath(string program) => program.Contains('/', StringComparison.Ordinal) ? program
        : (InitialProcess.Variable("PATH") ?? "/usr/bin:/bin").Split(':').Select(d => $"{d}/{program}").FirstOrDefault(File.Exists) ?? program;
}
