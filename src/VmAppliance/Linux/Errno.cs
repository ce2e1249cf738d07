using System.Runtime.InteropServices;

namespace VmAppliance.Linux;

/// <summary>A failed system call: the call, the object it was about and errno as a value, so that callers can branch on it.</summary>
/// <param name="call">The system call's name, e.g. <c>openat</c>.</param>
/// <param name="target">What it was called on, e.g. a path.</param>
/// <param name="errno">errno(3).</param>
sealed class LinuxException(string call, string target, int errno)
    : IOException($"{call} {target}: {Marshal.GetPInvokeErrorMessage(errno)}")
{
    /// <summary>errno(3) of the failed call.</summary>
    public int Errno { get; } = errno;

    /// <summary>errno as the words of strerror(3), without the call and its target.</summary>
    public string Reason { get; } = Marshal.GetPInvokeErrorMessage(errno);
}

/// <summary>The error numbers the program branches on (asm-generic/errno-base.h, errno.h; x86-64).</summary>
static class Errno
{
    public const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, ENXIO = 6, ENOEXEC = 8, EBADF = 9, EAGAIN = 11, EACCES = 13, ENOTBLK = 15, EBUSY = 16, EEXIST = 17,
        ENODEV = 19,
        ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EFBIG = 27, ENOSPC = 28, EPIPE = 32, ELOOP = 40, ENODATA = 61, EOPNOTSUPP = 95;

    /// <summary>errno of the last P/Invoke on this thread.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>Throws when a call returned a negative result.</summary>
    /// <exception cref="LinuxException">The call failed.</exception>
    public static int Check(long result, string call, string target) =>
        result >= 0 ? (int)result : throw new LinuxException(call, target, Last);
}
