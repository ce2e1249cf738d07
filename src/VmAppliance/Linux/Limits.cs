using System.Globalization;
using System.Text;
using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>A resource limit of getrlimit(2); <see cref="ulong.MaxValue"/> means unlimited.</summary>
/// <param name="Resource">RLIMIT_… number.</param>
/// <param name="Soft">The limit in force.</param>
/// <param name="Hard">The ceiling of the soft limit.</param>
readonly record struct Limit(int Resource, ulong Soft, ulong Hard);

/// <summary>Resource limits of this process.</summary>
static unsafe class Limits
{
    // asm-generic/resource.h
    public const int CPU = 0, FSIZE = 1, DATA = 2, STACK = 3, CORE = 4, RSS = 5, NPROC = 6, NOFILE = 7, MEMLOCK = 8, AS = 9,
        LOCKS = 10, SIGPENDING = 11, MSGQUEUE = 12, NICE = 13, RTPRIO = 14, RTTIME = 15;

    // How many there are: RLIM_NLIMITS.
    const int Count = 16;

    const string LargestOpenFiles = "/proc/sys/fs/nr_open";

    /// <summary>The limits that this process has, which a job is to have in its machine.</summary>
    public static IReadOnlyList<Limit> OfJob() => [.. Enumerable.Range(0, Count).Select(Get)];

    /// <summary>
    /// Takes limits of a job over before it is started, so that it inherits them: to set them once it is a process takes a step of its own, which
    /// can lower limits only. What this process could not live with is left to that step.
    /// </summary>
    public static void Adopt(IEnumerable<Limit> limits)
    {
        foreach (var wanted in limits)
            if (Get(wanted.Resource) is var own && own != wanted && Adopted(wanted, own) is { } next && next != own)
                Set(next);
    }

    /// <summary>What a process that starts jobs may take over of a limit; null for nothing.</summary>
    /// <param name="wanted">The job's.</param>
    /// <param name="own">What it has.</param>
    public static Limit? Adopted(Limit wanted, Limit own) => wanted.Resource switch
    {
        CORE or RSS or MEMLOCK or LOCKS or MSGQUEUE or NICE or RTPRIO => wanted,
        // It has files, threads and signals of its own, and its threads may count as the job's.
        NPROC or NOFILE or SIGPENDING => wanted with { Soft = Math.Max(wanted.Soft, own.Soft), Hard = Math.Max(wanted.Hard, own.Soft) },
        _ => null,
    };

    /// <summary>Lets this process come as far as to its ceiling, which anybody may.</summary>
    public static void ToCeiling(int resource) => Set(new Limit(resource, Get(resource).Hard, Get(resource).Hard));

    static void Set(Limit wanted)
    {
        if (wanted.Resource == NOFILE)
            AllowOpenFiles(wanted.Hard);
        var limit = new RLimit { Soft = wanted.Soft, Hard = wanted.Hard };
        if (setrlimit(wanted.Resource, &limit) == 0)
            return;
        // Who may not raise the ceiling comes as far as to it.
        var ceiling = Get(wanted.Resource).Hard;
        limit = new RLimit { Soft = Math.Min(wanted.Soft, ceiling), Hard = Math.Min(wanted.Hard, ceiling) };
        Errno.Check(setrlimit(wanted.Resource, &limit), "setrlimit", $"{wanted.Resource}");
    }

    // NOFILE is bounded by this setting, even for root: proc(5). A node's may be larger than a guest's.
    static void AllowOpenFiles(ulong count)
    {
        try
        {
            if (ulong.Parse(File.ReadAllText(LargestOpenFiles), CultureInfo.InvariantCulture) >= count)
                return;
            using var file = Descriptor.Open(LargestOpenFiles, OpenMode.Write);
            file.WriteAll(Encoding.ASCII.GetBytes($"{count}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is as many as this system can.
        }
    }

    /// <summary>The limit in force.</summary>
    public static Limit Get(int resource)
    {
        RLimit limit;
        Errno.Check(getrlimit(resource, &limit), "getrlimit", $"{resource}");
        return new Limit(resource, limit.Soft, limit.Hard);
    }

    /// <summary>
    /// What a hook of root's needs, whatever limits its job has: files enough, and no core. That would lie in the job's directory, root's, with what
    /// only root may see in it.
    /// </summary>
    public static void SuitHook()
    {
        const ulong usual = 1024;
        if (Get(NOFILE) is var files && files.Soft < usual)
            Set(new Limit(NOFILE, usual, Math.Max(usual, files.Hard)));
        Set(new Limit(CORE, 0, 0));
    }

    /// <summary>Seconds of CPU time after which the kernel ends a process; null when nobody can tell, <see cref="ulong.MaxValue"/> for never. /proc/PID/limits of proc(5).</summary>
    public static ulong? CpuCeilingOf(int pid)
    {
        const string line = "Max cpu time";
        try
        {
            var words = File.ReadLines($"/proc/{pid}/limits").First(l => l.StartsWith(line, StringComparison.Ordinal))[line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words[1] == "unlimited" ? ulong.MaxValue : ulong.Parse(words[1], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Lets this process's children open many files: some inits start everything with a low ceiling.</summary>
    public static void RaiseOpenFiles()
    {
        const ulong usual = 1024, many = 524288; // what systemd gives
        var limit = new RLimit { Soft = usual, Hard = many };
        if (Get(NOFILE).Hard < many)
            Errno.Check(setrlimit(NOFILE, &limit), "setrlimit", "RLIMIT_NOFILE");
    }

    /// <summary>Lifts what a job's limits put on a hook, before a machine inherits it.</summary>
    /// <returns>Limits that could not be lifted (no CAP_SYS_RESOURCE).</returns>
    public static IReadOnlyList<Limit> Lift()
    {
        var kept = new List<Limit>();
        foreach (var limit in new[] { CPU, FSIZE, DATA, STACK, CORE, RSS, AS }.Select(Get))
        {
            var lifted = new RLimit { Soft = ulong.MaxValue, Hard = ulong.MaxValue };
            if (limit.Resource == CORE || limit.Soft == ulong.MaxValue || setrlimit(limit.Resource, &lifted) == 0)
                continue;
            // Anybody may raise the limit in force to its ceiling.
            lifted = new RLimit { Soft = limit.Hard, Hard = limit.Hard };
            Errno.Check(setrlimit(limit.Resource, &lifted), "setrlimit", $"{limit.Resource}");
            if (limit.Hard != ulong.MaxValue)
                kept.Add(limit with { Soft = limit.Hard });
        }
        return kept;
    }
}
