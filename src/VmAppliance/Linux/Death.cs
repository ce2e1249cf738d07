using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>Ends this process by a signal, for who waits for it to see how a program that it stands for came to its end.</summary>
static unsafe class Death
{
    // struct sigaction of the kernel (x86-64): handler, flags, restorer, mask. All zero is SIG_DFL.
    const int ActionBytes = 32, MaskBytes = 8;

    /// <summary>Dies of it, without a core: in that would be what this process knew, such as keys. Returns only when it cannot.</summary>
    /// <param name="signal">signal(7); one whose default is to end the process.</param>
    public static void By(int signal)
    {
        var none = new RLimit { Soft = 0, Hard = 0 };
        // Where cores are given to a program (core(5)), the limit alone does not keep one from being made.
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(Limits.CORE, &none) != 0)
            return;
        byte* action = stackalloc byte[ActionBytes];
        new Span<byte>(action, ActionBytes).Clear();
        var mask = 1UL << (signal - 1);
        // Not by the C library: it has two signals of its own that it lets nobody touch, and other programs may die of them.
        _ = syscall(SYS_rt_sigaction, signal, (nint)action, 0, MaskBytes);
        _ = syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (nint)(&mask), 0, MaskBytes);
        // To this thread, which does not block it.
        _ = syscall(SYS_tgkill, System.Environment.ProcessId, syscall(SYS_gettid, 0, 0, 0, 0), signal, 0);
    }
}
