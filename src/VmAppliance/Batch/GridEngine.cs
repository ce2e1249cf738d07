using System.Globalization;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Batch;

/// <summary>Grid Engine, seen from its hooks: sge_conf(5), queue_conf(5).</summary>
static class GridEngine
{
    /// <summary>Exit statuses that execd understands from a prolog, a starter and an epilog.</summary>
    public const int Ok = 0, DisableQueue = 1, RunAgain = 99, JobError = 100;

    /// <summary>The variable that a root hook takes from its environment; nothing else is looked at.</summary>
    public const string SpoolVariable = "SGE_JOB_SPOOL_DIR";

    /// <summary>The job that a root hook was called for.</summary>
    /// <param name="adminUser">The account that Grid Engine's daemons write as.</param>
    /// <param name="caller">Who called through sudo, as a user id; null when Grid Engine itself called.</param>
    /// <exception cref="ApplianceException">There is no job, or it is not the caller's.</exception>
    public static Job CurrentJob(string adminUser, int? caller)
    {
        var path = InitialProcess.Variable(SpoolVariable) ?? throw new ApplianceException(Blame.Usage, "find job", SpoolVariable,
            "it is not set", "this mode is a hook of Grid Engine; to run a command by hand: vmappliance run -- COMMAND");
        int Admin() => AccountDatabase.UidOf(adminUser) ?? -1;
        var spool = SpoolDirectory.OpenTrusted(path, Admin, caller is not null);
        return Read(spool, spool.Hosts(Admin), caller);
    }

    static Job Read(SpoolDirectory spool, IReadOnlyList<string> hosts, int? caller)
    {
        var owner = spool.Require("job_owner");
        if (caller is { } uid && AccountDatabase.UidOf(owner) != uid)
            throw new ApplianceException(Blame.Job, "find job", spool.Path, $"it belongs to {owner}, not to the caller");
        var key = JobKey.Parse(spool.Require("job_id"), spool.Value("ja_task_id")) ?? throw new ApplianceException(
            Blame.Node, "find job", spool.Path, $"'{spool.Value("job_id")}.{spool.Value("ja_task_id")}' cannot be a job and its task");
        if (Path.GetFileName(spool.Path) != $"{key}")
            throw new ApplianceException(Blame.Job, "find job", spool.Path, $"its description says that it is job {key}");
        return new Job(key, owner, spool.Require("queue"), Directories(spool), spool.Path, Slots(spool), JobLimits.TooSmall(spool),
            Math.Max(1, hosts.Count), spool.Value("host"));
    }

    /// <summary>Where the job's script, its spool files and its TMPDIR are on the node, so that they can be at the same place in the machine.</summary>
    static List<string> Directories(SpoolDirectory spool) =>
        [.. new string?[] { Scripts(spool), spool.Value("tmpdir"), spool.Path }.OfType<string>().Where(d => d.StartsWith('/') && d != "/").Distinct()];

    // With -b y the "script" is a program as the owner named it, any path at all: nothing is to be made for it.
    static string? Scripts(SpoolDirectory spool) => spool.Value("handle_as_binary") == "1" ? null : Path.GetDirectoryName(spool.Value("script_file"));

    // NSLOTS counts those on other nodes, too.
    static int Slots(SpoolDirectory spool) => spool.Value("host_slots") is not { } text ? 1
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var slots) && slots > 0 ? slots
        : throw new ApplianceException(Blame.Node, "find job", spool.Path, $"'{text}' cannot be a number of slots");

    /// <summary>Blame as the exit status of a prolog.</summary>
    public static int PrologStatus(Blame blame) => blame switch
    {
        Blame.Job => JobError,
        // An owner whose word could put a queue into error state would do it for everybody.
        Blame.Transient or Blame.Full or Blame.Machine => RunAgain,
        _ => DisableQueue,
    };
}
