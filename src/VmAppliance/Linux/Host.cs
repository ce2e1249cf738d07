using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Facts about this process and this kernel.</summary>
static class Host
{
    /// <summary>Effective user id; 0 is root.</summary>
    public static int EffectiveUser => (int)(uint)geteuid();

    /// <summary>Real user id.</summary>
    public static int RealUser => (int)(uint)getuid();

    /// <summary>Another value after each boot: random(4).</summary>
    public static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>What this node's processors are, in one line: another processor, microcode or feature makes it another text. /proc/cpuinfo of proc(5).</summary>
    public static string Processor()
    {
        var lines = File.ReadLines("/proc/cpuinfo").TakeWhile(l => l.Length > 0).Select(l => l.Split(':', 2, StringSplitOptions.TrimEntries)).Where(l => l.Length == 2);
        return string.Join(' ', lines.Where(l => l[0] is "model name" or "microcode" or "flags").Select(l => l[0] == "flags" ? $"{l[1].Split(' ').Length} features" : l[1]));
    }

    /// <summary>The path of this program's own file, links resolved.</summary>
    public static string Executable => Environment.ProcessPath ?? "/proc/self/exe";

    /// <summary>Sets the file mode creation mask.</summary>
    /// <returns>The mask before.</returns>
    public static int SetUmask(int mask) => (int)(uint)umask((ushort)mask);
}
