using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Becomes another program.</summary>
static unsafe class Exec
{
    /// <summary>execve(2); returns only by throwing.</summary>
    /// <param name="file">The program's path.</param>
    /// <param name="argv">Arguments, argv[0] included.</param>
    /// <param name="environment">NAME=value entries.</param>
    /// <param name="input">A file to become standard input; null keeps it.</param>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public static void Replace(string file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment, string? input = null)
    {
        if (input is not null)
        {
            using var opened = Descriptor.Open(input, OpenMode.Read);
            Errno.Check(dup2(opened.Number, 0), "dup2", input);
        }
        using var memory = new NativeStrings();
        _ = execve(memory.Add(file), memory.Array(argv), memory.Array(environment));
        throw new LinuxException("exec", file, Errno.Last);
    }

    /// <summary>Sets a limit of this process, for the program it is about to become; one above the ceiling becomes the ceiling.</summary>
    public static void Limit(Limit limit)
    {
        var hard = Math.Min(limit.Hard, Limits.Get(limit.Resource).Hard);
        var value = new Native.RLimit { Soft = Math.Min(limit.Soft, hard), Hard = hard };
        Errno.Check(Native.setrlimit(limit.Resource, &value), "setrlimit", $"{limit.Resource}");
    }
}
