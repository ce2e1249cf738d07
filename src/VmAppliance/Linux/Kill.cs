using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>kill(2).</summary>
static class Kill
{
    public const int SIGKILL = 9;

    /// <summary>Signals one process; one that is gone is no error.</summary>
    public static void Process(int pid, int signal)
    {
        if (pid > 1 && kill(pid, signal) < 0 && Errno.Last is not (Errno.ESRCH or Errno.EINVAL))
            throw new LinuxException("kill", $"process {pid}", Errno.Last);
    }

    /// <summary>Signals a whole process group; one that is gone is no error.</summary>
    public static void Group(int group, int signal)
    {
        if (group > 1 && kill(-group, signal) < 0 && Errno.Last != Errno.ESRCH)
            throw new LinuxException("kill", $"process group {group}", Errno.Last);
    }
}
