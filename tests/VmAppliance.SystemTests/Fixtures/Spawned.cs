using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static VmAppliance.SystemTests.Fixtures.Native;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>posix_spawn(3): a child in a process group of its own, with exactly these bytes as arguments and environment.</summary>
static unsafe class Spawned
{
    const int Opaque = 512; // more than any of glibc's types below
    const int SignalSetBytes = 128;

    /// <summary>Starts a program.</summary>
    /// <param name="descriptors">The child's descriptors 0, 1 and 2.</param>
    /// <returns>Its pid, which is its process group too.</returns>
    public static int Start(IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment, string directory, SafeFileHandle[] descriptors)
    {
        var memory = new List<nint>();
        byte* attributes = stackalloc byte[Opaque], actions = stackalloc byte[Opaque];
        byte* none = stackalloc byte[SignalSetBytes], all = stackalloc byte[SignalSetBytes];
        new Span<byte>(none, SignalSetBytes).Clear();
        new Span<byte>(all, SignalSetBytes).Fill(0xFF);
        try
        {
            Must(posix_spawnattr_init(attributes), "posix_spawnattr_init");
            // The runtime of these tests ignores SIGPIPE; a child must not inherit that.
            Must(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK), "posix_spawnattr_setflags");
            Must(posix_spawnattr_setsigdefault(attributes, all), "posix_spawnattr_setsigdefault");
            Must(posix_spawnattr_setsigmask(attributes, none), "posix_spawnattr_setsigmask");
            Must(posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
            for (var target = 0; target < descriptors.Length; target++)
                Must(posix_spawn_file_actions_adddup2(actions, (int)descriptors[target].DangerousGetHandle(), target), "dup2");
            Must(posix_spawn_file_actions_addchdir_np(actions, Copy(System.Text.Encoding.UTF8.GetBytes(directory), memory)), "chdir");
            int pid;
            Must(posix_spawnp(&pid, Copy(argv[0], memory), actions, attributes, Array(argv, memory), Array(environment, memory)),
                System.Text.Encoding.UTF8.GetString(argv[0]));
            Must(posix_spawn_file_actions_destroy(actions), "posix_spawn_file_actions_destroy");
            return pid;
        }
        finally
        {
            memory.ForEach(Marshal.FreeHGlobal);
        }
    }

    /// <summary>A pipe that no other child inherits.</summary>
    public static (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        var ends = stackalloc int[2];
        return pipe2(ends, O_CLOEXEC) == 0 ? (new SafeFileHandle(ends[0], true), new SafeFileHandle(ends[1], true)) : throw new Win32Exception();
    }

    /// <summary>Waits for a child's end.</summary>
    /// <returns>Its exit status; 128 + n when signal n ended it.</returns>
    public static int Wait(int pid)
    {
        int status;
        while (waitpid(pid, &status, 0) < 0)
            if (Marshal.GetLastPInvokeError() != 4 /* EINTR */)
                throw new Win32Exception();
        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    static byte* Copy(byte[] bytes, List<nint> memory)
    {
        var copy = Marshal.AllocHGlobal(bytes.Length + 1);
        memory.Add(copy);
        Marshal.Copy(bytes, 0, copy, bytes.Length);
        ((byte*)copy)[bytes.Length] = 0;
        return (byte*)copy;
    }

    static byte** Array(IReadOnlyList<byte[]> entries, List<nint> memory)
    {
        var array = Marshal.AllocHGlobal((entries.Count + 1) * sizeof(byte*));
        memory.Add(array);
        for (var i = 0; i < entries.Count; i++)
            ((byte**)array)[i] = Copy(entries[i], memory);
        ((byte**)array)[entries.Count] = null;
        return (byte**)array;
    }

    static void Must(int error, string what)
    {
        if (error != 0)
            throw new Win32Exception(error, $"start program, {what}: {new Win32Exception(error).Message}");
    }
}
