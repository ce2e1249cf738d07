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
    public const int CPU = 0, FSIZE = 1, DATA = 2, STACK = 3, CORE = 4, RSS = 5, NOFILE = 7, AS = 9;

    /// <summary>The limits that a batch system puts on a job and that mean the same on another machine.</summary>
    public static IReadOnlyList<Limit> OfJob() => [.. new[] { CPU, FSIZE, DATA, STACK, CORE, RSS, AS }.Select(Get)];

    /// <summary>The limit in force.</summary>
    public static Limit Get(int resource)
    {
        RLimit limit;
        Errno.Check(getrlimit(resource, &limit), "getrlimit", $"{resource}");
        return new Limit(resource, limit.Soft, limit.Hard);
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
        foreach (var limit in OfJob())
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
