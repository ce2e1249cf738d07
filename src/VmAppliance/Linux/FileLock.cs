using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>A lock that dies with its holder: flock(2) on a file.</summary>
sealed class FileLock : IDisposable
{
    readonly Descriptor _file;

    FileLock(Descriptor file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file, made when missing (mode 0600).</param>
    public static FileLock Wait(string path) => Take(path, LOCK_EX, OpenMode.ReadWrite | OpenMode.Create | OpenMode.NoFollow)!;

    /// <summary>Waits for the lock, but not for ever: its holder may have been stopped.</summary>
    /// <returns>Null when somebody else still has it.</returns>
    public static FileLock? Wait(string path, TimeSpan patience)
    {
        if (Try(path) is { } free)
            return free;
        // flock(2) knows no deadline: another thread waits, and lets go of what comes too late.
        var waiting = Task.Run(() => Wait(path));
        if (Task.WaitAny([waiting], patience) == 0)
            return waiting.GetAwaiter().GetResult();
        _ = waiting.ContinueWith(late => late.Result.Dispose(), TaskContinuationOptions.OnlyOnRanToCompletion);
        return null;
    }

    /// <summary>Takes the lock if nobody has it; null when somebody does.</summary>
    public static FileLock? Try(string path) => Take(path, LOCK_EX | LOCK_NB, OpenMode.ReadWrite | OpenMode.Create | OpenMode.NoFollow);

    /// <summary>Takes a shared lock on an existing file that this user may read; null when somebody has it for himself.</summary>
    public static FileLock? TryShared(string path) => Take(path, LOCK_SH | LOCK_NB, OpenMode.Read | OpenMode.NoFollow);

    static FileLock? Take(string path, int operation, OpenMode flags)
    {
        while (true)
        {
            var file = Descriptor.Open(path, flags, 0x180 /* 0600 */);
            var error = flock(file.Number, operation) < 0 ? Errno.Last : 0;
            if (error == 0 && Files.IsSame(file, path))
                return new FileLock(file);
            file.Dispose();
            // Its last holder may have removed the file while we waited: then it is a lock on nothing, and we begin again.
            if (error is not (0 or Errno.EINTR))
                return error == Errno.EAGAIN ? null : throw new LinuxException("flock", path, error);
        }
    }

    public void Dispose() => _file.Dispose();
}
