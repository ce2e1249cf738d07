using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Waiting for the first of several events with a deadline: poll(2).</summary>
static unsafe class Poll
{
    /// <summary>How it is with a descriptor now.</summary>
    /// <returns>Whether there is something to be read, and whether nobody is left at its other end.</returns>
    public static (bool HasData, bool IsOver) Look(int descriptor)
    {
        var polled = new Native.PollDescriptor { Descriptor = descriptor, Events = POLLIN };
        while (Native.poll(&polled, 1, 0) < 0)
            if (Errno.Last != Errno.EINTR)
                throw new LinuxException("poll", "", Errno.Last);
        return ((polled.Returned & POLLIN) != 0, (polled.Returned & POLLHUP) != 0);
    }

    /// <summary>Waits until one of the descriptors can be read, was closed by its peer, or (a pidfd) its process ended.</summary>
    /// <param name="deadline">When to give up.</param>
    /// <param name="descriptors">Descriptor numbers; -1 entries are ignored.</param>
    /// <returns>The index of the first ready descriptor; -1 when the deadline passed.</returns>
    public static int Readable(Deadline deadline, params ReadOnlySpan<int> descriptors)
    {
        var polled = stackalloc Native.PollDescriptor[descriptors.Length];
        for (var i = 0; i < descriptors.Length; i++)
            polled[i] = new Native.PollDescriptor { Descriptor = descriptors[i], Events = POLLIN };
        while (true)
        {
            var ready = Native.poll(polled, (ulong)descriptors.Length, deadline.Milliseconds);
            if (ready < 0 && Errno.Last != Errno.EINTR)
                throw new LinuxException("poll", "", Errno.Last);
            for (var i = 0; ready > 0 && i < descriptors.Length; i++)
                if (polled[i].Returned != 0)
                    return i;
            if (ready == 0 || deadline.Passed)
                return -1;
        }
    }
}

/// <summary>A point in time after which waiting ends, on the monotonic clock.</summary>
readonly struct Deadline
{
    readonly long _ticks;

    Deadline(long ticks) => _ticks = ticks;

    /// <summary>Never.</summary>
    public static Deadline None => new(long.MaxValue);

    /// <summary>A deadline this far from now.</summary>
    public static Deadline In(TimeSpan time) => new(Environment.TickCount64 + (long)time.TotalMilliseconds);

    /// <summary>Whether it is over.</summary>
    public bool Passed => Environment.TickCount64 >= _ticks;

    /// <summary>What is left for poll(2): -1 means for ever.</summary>
    public int Milliseconds => _ticks == long.MaxValue ? -1 : (int)Math.Clamp(_ticks - Environment.TickCount64, 0, int.MaxValue);
}
