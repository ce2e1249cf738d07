using System.Runtime.InteropServices;

namespace VmAppliance.Linux;

/// <summary>What Tmds.LibC does not bind, under the kernel's and glibc's own names (x86-64, little endian).</summary>
static unsafe partial class Native
{
    public const int WNOHANG = 1;
    public const int CLOCK_REALTIME = 0;
    public const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
    public const int SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14, SYS_getcwd = 79, SYS_gettid = 186, SYS_tgkill = 234, SIG_UNBLOCK = 1;
    public const int SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_mknod = 133, SYS_unshare = 272, SYS_seccomp = 317, SYS_pidfd_send_signal = 424, SYS_pidfd_open = 434;
    public const short POSIX_SPAWN_SETSIGDEF = 0x04, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSID = 0x80;
    public const int F_DUPFD_CLOEXEC = 1030, F_ADD_SEALS = 1033;
    public const int F_GET_SEALS = 1034;
    public const int F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8;

    /// <summary>struct rlimit of getrlimit(2); <see cref="ulong.MaxValue"/> is RLIM_INFINITY.</summary>
    public struct RLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// <summary>struct timespec of clock_settime(2).</summary>
    public struct TimeSpec
    {
        public required long Seconds;
        public required long Nanoseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getrlimit(int resource, RLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setrlimit(int resource, RLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int clock_settime(int clock, TimeSpec* time);

    public const nint SIG_DFL = 0;

    [LibraryImport("libc")]
    public static partial nint signal(int number, nint handler);

    /// <summary>struct pollfd of poll(2).</summary>
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    // Tmds.LibC's does not keep errno.
    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, ulong count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(int fd, int operation);

    public const int PR_SET_DUMPABLE = 4, PR_SET_THP_DISABLE = 41;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int prctl(int option, ulong value, ulong b, ulong c, ulong d);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long lseek(int fd, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendfile(int to, int from, long* offset, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int rename(byte* from, byte* to);

    public const ulong MS_BIND = 4096;
    public const int MNT_DETACH = 2;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int umount2(byte* target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int mount(byte* source, byte* target, byte* type, ulong flags, void* data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint getrandom(byte* buffer, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long syscall(long number, long a, long b, long c, long d);

    // posix_spawn(3) returns the error number; it does not set errno.
    [LibraryImport("libc")]
    public static partial int posix_spawnp(int* pid, byte* file, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_destroy(void* actions);
}
