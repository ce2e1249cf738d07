using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>A process held by a pidfd: it cannot be mistaken for another that got its pid later. pidfd_open(2).</summary>
sealed unsafe class ProcessHandle : IDisposable
{
    readonly Descriptor _pidfd;

    ProcessHandle(int pid, Descriptor pidfd) => (Pid, _pidfd) = (pid, pidfd);

    /// <summary>The process id.</summary>
    public int Pid { get; }

    /// <summary>Readable for poll(2) once the process has ended.</summary>
    public int PollDescriptor => _pidfd.Number;

    /// <summary>Opens a process; null when there is none.</summary>
    public static ProcessHandle? Open(int pid)
    {
        if (pid <= 0)
            return null;
        var fd = syscall(SYS_pidfd_open, pid, 0, 0, 0);
        if (fd >= 0)
            return new ProcessHandle(pid, new Descriptor((int)fd));
        return Errno.Last is Errno.ESRCH or Errno.EINVAL ? null : throw new LinuxException("pidfd_open", $"{pid}", Errno.Last);
    }

    /// <summary>Opens a process if it is still the one that started at <paramref name="startTicks"/>; null when it is gone.</summary>
    public static ProcessHandle? Open(int pid, long startTicks)
    {
        var handle = Open(pid);
        // The order matters: what /proc says now is about the process that the pidfd already holds.
        if (handle is not null && (ProcessStatus.Of(pid) is not { } status || status.StartTicks != startTicks || status.IsZombie))
        {
            handle.Dispose();
            return null;
        }
        return handle;
    }

    /// <summary>Sends a signal; a process that has ended is no error.</summary>
    public void Signal(int signal)
    {
        if (syscall(SYS_pidfd_send_signal, _pidfd.Number, signal, 0, 0) < 0 && Errno.Last != Errno.ESRCH)
            throw new LinuxException("kill", $"{Pid}", Errno.Last);
    }

    /// <summary>Whether the process has ended before the deadline.</summary>
    public bool Ended(Deadline deadline) => Poll.Readable(deadline, PollDescriptor) == 0;

    /// <summary>Collects a child that has ended.</summary>
    /// <returns>Its exit status, or 128 + the signal that ended it.</returns>
    public static int Reap(int child) => Reap(child, out _);

    /// <summary>Collects a child that has ended.</summary>
    /// <param name="child">Its process id.</param>
    /// <param name="signal">The signal that ended it; 0 when it was none.</param>
    /// <returns>Its exit status, or 128 + the signal.</returns>
    public static int Reap(int child, out int signal)
    {
        int status;
        while (waitpid(child, &status, 0) < 0)
            if (Errno.Last != Errno.EINTR)
                throw new LinuxException("waitpid", $"{child}", Errno.Last);
        signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    /// <summary>Collects a child if it has ended; someone else's or a running child is left alone.</summary>
    /// <returns>The signal that ended the child; 0 when it was none, or is not known.</returns>
    public int TryReap()
    {
        int status;
        return waitpid(Pid, &status, WNOHANG) == Pid ? status & 0x7f : 0;
    }

    public void Dispose() => _pidfd.Dispose();
}
