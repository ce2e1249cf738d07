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

    /// <summary>The user id.</summary>
    public int Uid => uid;

    static readonly Lock s_preparing = new();
    static Bearer? s_spare;

    /// <summary>Makes the thread for the next one now: to make it is a good part of what it takes to run something.</summary>
    public static void Prepare()
    {
        // Of two that were made at once one would wait for ever.
        lock (s_preparing)
            s_spare ??= new Bearer();
    }

    /// <summary>Runs it, on a thread of its own.</summary>
    /// <exception cref="LinuxException">This process may not; nothing was run.</exception>
    public T Run<T>(Func<T> work)
    {
        T result = default!;
        Exception? failure = null;
        using var bearer = Interlocked.Exchange(ref s_spare, null) ?? new Bearer();
        bearer.Run(() =>
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

    /// <summary>A thread that waits for the one thing that it will do.</summary>
    sealed class Bearer : IDisposable
    {
        readonly ManualResetEvent _called = new(false);
        readonly Thread _thread;
        Action? _work;

        public Bearer()
        {
            _thread = new Thread(() =>
            {
                _called.WaitOne();
                _work!();
            }) { IsBackground = true };
            _thread.Start();
        }

        /// <summary>Has it do that, and end.</summary>
        public void Run(Action work)
        {
            _work = work;
            _called.Set();
            _thread.Join();
        }

        public void Dispose() => _called.Dispose();
    }
}
