namespace VmAppliance.Linux;

/// <summary>
/// Runs something with another user's rights. To the kernel, rights and the file mode creation mask belong to a thread, credentials(7), though
/// the C library spreads them over the process: here one thread has them, starts a program perhaps, and ends.
/// </summary>
/// <param name="uid">User id.</param>
/// <param name="gid">Group id.</param>
/// <param name="groups">Supplementary group ids.</param>
sealed class OtherUser(int uid, int gid, IReadOnlyList<int> groups)
{
    const int CLONE_FS = 0x200;

    /// <summary>Runs it, on a thread of its own.</summary>
    /// <exception cref="LinuxException">This process may not; nothing was run.</exception>
    public T Run<T>(Func<T> work)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Become();
                result = work();
            }
#pragma warning disable CA1031 // Whatever it is, it is thrown again, where somebody can catch it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw failure;
    }

    // The rights to change rights go last. No glibc function: each of them would change all threads.
    unsafe void Become()
    {
        var numbers = groups.ToArray();
        fixed (int* first = numbers)
        {
            Errno.Check((int)Native.syscall(Native.SYS_unshare, CLONE_FS, 0, 0, 0), "unshare", "CLONE_FS");
            Errno.Check((int)Native.syscall(Native.SYS_setgroups, numbers.Length, (nint)first, 0, 0), "setgroups", $"{numbers.Length} groups");
            Errno.Check((int)Native.syscall(Native.SYS_setresgid, gid, gid, gid, 0), "setresgid", $"{gid}");
            Errno.Check((int)Native.syscall(Native.SYS_setresuid, uid, uid, uid, 0), "setresuid", $"{uid}");
        }
    }
}
