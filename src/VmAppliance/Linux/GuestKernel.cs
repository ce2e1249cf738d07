using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>What the agent tells its own kernel inside a machine.</summary>
static unsafe class GuestKernel
{
    // linux/random.h
    const int RNDADDENTROPY = 0x40085203, RNDRESEEDCRNG = 0x5207;
    const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Sets the wall clock: clock_settime(2).</summary>
    /// <param name="nanoseconds">Since 1970 (UTC).</param>
    public static void SetClock(long nanoseconds)
    {
        var time = new Native.TimeSpec { Seconds = nanoseconds / NanosecondsPerSecond, Nanoseconds = nanoseconds % NanosecondsPerSecond };
        Errno.Check(Native.clock_settime(Native.CLOCK_REALTIME, &time), "clock_settime", "CLOCK_REALTIME");
    }

    /// <summary>Credits random bytes to the kernel's generator and has it start anew from them: random(4).</summary>
    public static void AddEntropy(ReadOnlySpan<byte> bytes)
    {
        using var device = Descriptor.Open("/dev/urandom", OpenMode.ReadWrite);
        // struct rand_pool_info: bits, bytes, the bytes themselves
        var info = stackalloc byte[8 + bytes.Length];
        *(int*)info = bytes.Length * 8;
        *(int*)(info + 4) = bytes.Length;
        bytes.CopyTo(new Span<byte>(info + 8, bytes.Length));
        Errno.Check(ioctl(device.Number, RNDADDENTROPY, info), "RNDADDENTROPY", "/dev/urandom");
        // Linux before 4.14 has no such request and needs none.
        _ = ioctl(device.Number, RNDRESEEDCRNG);
    }

    /// <summary>Writes a line to the kernel's log as an error, which the console shows: /dev/kmsg.</summary>
    public static void Say(string line)
    {
        using var log = Descriptor.Open("/dev/kmsg", OpenMode.Write);
        log.WriteAll(Encoding.UTF8.GetBytes($"<3>vmappliance: {line}"));
    }

    /// <summary>Has the kernel put each program's memory to the same addresses each time, if it lets itself be told: randomize_va_space, proc(5).</summary>
    public static void FixAddresses()
    {
        try
        {
            using var file = Descriptor.Open("/proc/sys/kernel/randomize_va_space", OpenMode.Write);
            file.WriteAll("0\n"u8);
        }
        catch (LinuxException)
        {
            // Then it is slower.
        }
    }

    /// <summary>sync(2).</summary>
    public static void Sync() => sync();

    /// <summary>Mounts a file system that needs no device: mount(2).</summary>
    /// <exception cref="LinuxException">This kernel has none of this type, or it is in use with other options.</exception>
    public static void Mount(string type, string at, string options)
    {
        const ulong nothingToRun = 2 | 4 | 8; // MS_NOSUID, MS_NODEV, MS_NOEXEC
        using var memory = new NativeStrings();
        Errno.Check(Native.mount(memory.Add(type), memory.Add(at), memory.Add(type), nothingToRun, memory.Add(options)), "mount", at);
    }

    /// <summary>Puts a file in the place of another one, whatever that is, and of what was put there before: mount(2), MS_BIND.</summary>
    public static void Cover(string path, string with)
    {
        using var memory = new NativeStrings();
        // Not mounted yet is as good.
        _ = Native.umount2(memory.Add(path), Native.MNT_DETACH);
        Errno.Check(Native.mount(memory.Add(with), memory.Add(path), null, Native.MS_BIND, null), "mount", path);
    }

    /// <summary>sethostname(2).</summary>
    public static void SetHostName(string name)
    {
        using var memory = new NativeStrings();
        Errno.Check(sethostname(memory.Add(name), Encoding.UTF8.GetByteCount(name)), "sethostname", name);
    }
}
