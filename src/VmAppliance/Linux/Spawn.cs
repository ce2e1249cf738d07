using System.Runtime.InteropServices;
using System.Text;
using static Tmds.Linux.LibC;
using static VmAppliance.Linux.Native;

namespace VmAppliance.Linux;

/// <summary>Starts a program with posix_spawn(3): raw bytes for arguments and environment, and only the file descriptors it is given.</summary>
static unsafe class Spawn
{
    // glibc 2.36, x86-64: posix_spawnattr_t 336 bytes, posix_spawn_file_actions_t 80, sigset_t 128.
    const int Opaque = 512;
    const int SignalSetBytes = 128;

    /// <inheritdoc cref="Start(byte[], IReadOnlyList{byte[]}, IReadOnlyList{byte[]}, IReadOnlyList{int}, byte[])"/>
    public static int Start(string file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment,
        IReadOnlyList<int> descriptors, byte[]? directory = null) => Start(Encoding.UTF8.GetBytes(file), argv, environment, descriptors, directory);

    /// <summary>Starts a program in a session of its own, with all signals at their default and unblocked.</summary>
    /// <param name="file">A path, or a name looked up in the PATH of this process.</param>
    /// <param name="argv">Arguments as bytes, argv[0] included.</param>
    /// <param name="environment">NAME=value entries as bytes.</param>
    /// <param name="descriptors">Element N becomes the child's descriptor N; the child gets no other.</param>
    /// <param name="directory">Working directory; null keeps this process's.</param>
    /// <returns>The child's pid.</returns>
    /// <exception cref="LinuxException">The program could not be started, e.g. ENOENT.</exception>
    public static int Start(byte[] file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment,
        IReadOnlyList<int> descriptors, byte[]? directory = null)
    {
        var memory = new NativeStrings();
        var parked = new List<int>();
        byte* attributes = stackalloc byte[Opaque], actions = stackalloc byte[Opaque];
        // Pointers stay valid: stack memory of this frame and native memory freed in the finally below.
        try
        {
            Attributes(attributes);
            Must(posix_spawn_file_actions_init(actions));
            for (var target = 0; target < descriptors.Count; target++)
            {
                // Out of the way first: no dup2 of the child may overwrite a later one's source. No further than that: a job's limit may be low.
                parked.Add(Errno.Check(fcntl(descriptors[target], Native.F_DUPFD_CLOEXEC, descriptors.Count), "fcntl", "F_DUPFD_CLOEXEC"));
                Must(posix_spawn_file_actions_adddup2(actions, parked[^1], target));
            }
            // What this process itself inherited without O_CLOEXEC stays here, too.
            Must(posix_spawn_file_actions_addclosefrom_np(actions, descriptors.Count));
            if (directory is not null)
                Must(posix_spawn_file_actions_addchdir_np(actions, memory.Add(directory)));
            HugePages.Restore();
            int pid;
            var error = posix_spawnp(&pid, memory.Add(file), actions, attributes, memory.Array(argv), memory.Array(environment));
            return error == 0 ? pid : throw new LinuxException("exec", Encoding.UTF8.GetString(file), error);
        }
        finally
        {
            foreach (var fd in parked)
                _ = close(fd);
            Must(posix_spawn_file_actions_destroy(actions));
            memory.Dispose();
        }
    }

    static void Must(int error)
    {
        if (error != 0)
            throw new LinuxException("posix_spawn", "", error);
    }

    static void Attributes(byte* attributes)
    {
        byte* none = stackalloc byte[SignalSetBytes], all = stackalloc byte[SignalSetBytes];
        new Span<byte>(none, SignalSetBytes).Clear();
        new Span<byte>(all, SignalSetBytes).Fill(0xFF);
        Must(posix_spawnattr_init(attributes));
        Must(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
        Must(posix_spawnattr_setsigdefault(attributes, all));
        Must(posix_spawnattr_setsigmask(attributes, none));
    }
}
