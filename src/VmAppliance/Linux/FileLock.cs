using System.Globalization;
using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>A lock that dies with its holder: flock(2) on a file.</summary>
sealed class FileLock : IDisposable
{
    const int MostLocks = 100_000;

    readonly Descriptor _file;

    FileLock(Descriptor file) => _file = file;

    /// <summary>Waits for the lock, but not for ever: its holder may have been stopped.</summary>
    /// <param name="path">The lock file, made when missing (mode 0600).</param>
    /// <param name="patience">How long.</param>
    /// <returns>Null when somebody else still has it.</returns>
    public static FileLock? Wait(string path, TimeSpan patience)
    {
        if (Try(path) is { } free)
            return free;
        // flock(2) knows no deadline: another thread waits, and lets go of what comes too late.
        var waiting = Task.Run(() => Take(path, LOCK_EX, OpenMode.ReadWrite | OpenMode.Create | OpenMode.NoFollow)!);
        if (Task.WaitAny([waiting], patience) == 0)
            return waiting.GetAwaiter().GetResult();
        _ = waiting.ContinueWith(late => late.Result.Dispose(), TaskContinuationOptions.OnlyOnRanToCompletion);
        return null;
    }

    /// <summary>Takes the lock if nobody has it; null when somebody does.</summary>
    public static FileLock? Try(string path) => Take(path, LOCK_EX | LOCK_NB, OpenMode.ReadWrite | OpenMode.Create | OpenMode.NoFollow);

    /// <summary>Takes a shared lock on an existing file that this user may read; null when somebody has it for himself.</summary>
    public static FileLock? TryShared(string path) => Take(path, LOCK_SH | LOCK_NB, OpenMode.Read | OpenMode.NoFollow);

    /// <summary>Which process has a lock, by /proc/locks of proc(5); null when none has, or it cannot be known: in another PID namespace, say.</summary>
    /// <param name="path">The lock file.</param>
    public static int? HolderOf(string path)
    {
        try
        {
            using var file = Descriptor.Open(path, OpenMode.Path | OpenMode.NoFollow);
            var name = Files.LockName(file);
            // "1: FLOCK  ADVISORY  WRITE 812 fd:01:2490410 0 EOF"; before the kind of who waits there is "->".
            return File.ReadLines("/proc/locks").Take(MostLocks).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(w => w is [_, "FLOCK", _, _, _, var id, ..] && id == name)
                .Select(w => int.TryParse(w[4], CultureInfo.InvariantCulture, out var pid) && pid > 0 ? pid : (int?)null).FirstOrDefault();
        }
        catch (IOException)
        {
            return null;
        }
    }

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
