using System.Globalization;
using System.Text;

namespace VmAppliance.Linux;

/// <summary>CPU time, as the kernel tells it.</summary>
/// <param name="User">In user mode; a virtual machine's guest time included.</param>
/// <param name="System">In the kernel.</param>
readonly record struct CpuTime(TimeSpan User, TimeSpan System)
{
    /// <summary>Both.</summary>
    public TimeSpan Total => User + System;
}

/// <summary>Processes whose CPU time is counted together, those that have ended included: cgroups(7).</summary>
/// <remarks>Version 1 has a hierarchy for that (<c>cpuacct</c>), in version 2 each group counts.</remarks>
sealed class ControlGroup
{
    const string Version1 = "cpuacct";

    // USER_HZ: sysconf(_SC_CLK_TCK) is 100 on every Linux port that .NET runs on.
    const long TicksPerSecond = 100;

    readonly bool _isVersion1;

    ControlGroup(string directory)
    {
        Directory = directory;
        _isVersion1 = File.Exists($"{directory}/cpuacct.stat");
    }

    /// <summary>Its directory.</summary>
    public string Directory { get; }

    /// <summary>Makes one below the group of this process, so that whatever holds for that holds here, too.</summary>
    /// <param name="name">Its name there.</param>
    /// <returns>Null where no such hierarchy is mounted, or where this process may not make a group.</returns>
    public static ControlGroup? Make(string name)
    {
        try
        {
            if (Parent(File.ReadAllLines("/proc/self/cgroup"), File.ReadAllLines("/proc/self/mountinfo")) is not { } parent)
                return null;
            global::System.IO.Directory.CreateDirectory($"{parent}/{name}");
            return Open($"{parent}/{name}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One that was made before; null when it is gone.</summary>
    public static ControlGroup? Open(string directory) => File.Exists($"{directory}/cgroup.procs") ? new ControlGroup(directory) : null;

    /// <summary>The directory of a process's own group that counts CPU time; null when there is none.</summary>
    /// <param name="groups">The lines of /proc/PID/cgroup.</param>
    /// <param name="mounts">The lines of /proc/PID/mountinfo, proc(5).</param>
    public static string? Parent(IEnumerable<string> groups, IEnumerable<string> mounts)
    {
        var own = groups.Select(l => l.Split(':', 3)).Where(p => p.Length == 3).ToList();
        var mounted = mounts.Select(l => l.Split(' ')).Where(f => f.Length > 9).ToList();
        return Version(own.Find(p => p[1].Split(',').Contains(Version1)), f => f[^3] == "cgroup" && f[^1].Split(',').Contains(Version1))
            ?? Version(own.Find(p => p[0] == "0" && p[1].Length == 0), f => f[^3] == "cgroup2");

        // Field 4 is what of the hierarchy is mounted there, field 5 where.
        string? Version(string[]? group, Func<string[], bool> isIt) => group is null ? null
            : mounted.Where(isIt).Where(f => IsBelow(group[2], f[3])).Select(f => f[4] + group[2][f[3].TrimEnd('/').Length..].TrimEnd('/')).FirstOrDefault();
    }

    /// <summary>What its processes have used since it was made.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public CpuTime Used => _isVersion1 ? Read("cpuacct.stat", "user", "system", TimeSpan.TicksPerSecond / TicksPerSecond)
        : Read("cpu.stat", "user_usec", "system_usec", TimeSpan.TicksPerMicrosecond);

    /// <summary>The processes that are in it now.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public IReadOnlyList<int> Processes => [.. File.ReadAllLines($"{Directory}/cgroup.procs").Select(l => int.Parse(l, CultureInfo.InvariantCulture))];

    /// <summary>Takes a process in, and all that it will start.</summary>
    /// <exception cref="LinuxException">It has ended, or this process may not.</exception>
    public void Add(int pid)
    {
        using var file = Descriptor.Open($"{Directory}/cgroup.procs", OpenMode.Write);
        file.WriteAll(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{pid}\n")));
    }

    /// <summary>Removes it when it is empty; one that is gone is no error.</summary>
    /// <exception cref="IOException">A process is in it.</exception>
    public void Remove()
    {
        if (global::System.IO.Directory.Exists(Directory))
            global::System.IO.Directory.Delete(Directory);
    }

    CpuTime Read(string file, string user, string system, long unit)
    {
        var values = File.ReadAllLines($"{Directory}/{file}").Select(l => l.Split(' ')).Where(w => w.Length == 2).ToDictionary(w => w[0], w => w[1]);
        TimeSpan Time(string name) => TimeSpan.FromTicks(long.Parse(values[name], CultureInfo.InvariantCulture) * unit);
        return new CpuTime(Time(user), Time(system));
    }

    static bool IsBelow(string path, string root) => root == "/" || path == root || path.StartsWith($"{root}/", StringComparison.Ordinal);
}
