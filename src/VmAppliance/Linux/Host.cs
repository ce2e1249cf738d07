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

    /// <summary>The path of this program's own file, links resolved.</summary>
    public static string Executable => Environment.ProcessPath ?? "/proc/self/exe";

    /// <summary>Sets the file mode creation mask.</summary>
    /// <returns>The mask before.</returns>
    public static int SetUmask(int mask) => (int)(uint)umask((ushort)mask);
}
