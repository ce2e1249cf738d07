using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Becomes another program.</summary>
static unsafe class Exec
{
    const int SIGPIPE = 13;

    static readonly byte[] s_shell = "/bin/sh"u8.ToArray();

    /// <inheritdoc cref="Replace(byte[], IReadOnlyList{byte[]}, IReadOnlyList{byte[]}, IReadOnlyList{Limit}, byte[])"/>
    public static void Replace(string file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment) =>
        Replace(Encoding.UTF8.GetBytes(file), argv, environment);

    /// <summary>execve(2); returns only by throwing. A script without an interpreter line is the shell's, as for execvp(3).</summary>
    /// <param name="file">The program's path.</param>
    /// <param name="argv">Arguments, argv[0] included.</param>
    /// <param name="environment">NAME=value entries.</param>
    /// <param name="limits">Limits to be set for the program; one above the ceiling becomes the ceiling.</param>
    /// <param name="input">A file to become standard input; null keeps it.</param>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public static void Replace(byte[] file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]> environment,
        IReadOnlyList<Limit>? limits = null, byte[]? input = null)
    {
        if (input is not null)
        {
            using var opened = Descriptor.Open(input, OpenMode.Read);
            Errno.Check(dup2(opened.Number, 0), "dup2", Encoding.UTF8.GetString(input));
        }
        using var memory = new NativeStrings();
        byte* path = memory.Add(file), shell = memory.Add(s_shell);
        byte** words = memory.Array(argv), entries = memory.Array(environment);
        var script = memory.Array([s_shell, file, .. argv.Skip(1)]);
        var values = Bounded(limits ?? []);
        // The runtime ignores it, and what is ignored stays so for the program.
        _ = Native.signal(SIGPIPE, Native.SIG_DFL);
        HugePages.Restore();
        // From here on nothing may be allocated: the program's limit on memory is in force, and this runtime is above it.
        foreach (var (resource, value) in values)
            _ = Native.setrlimit(resource, &value);
        _ = execve(path, words, entries);
        if (Errno.Last == Errno.ENOEXEC)
            _ = execve(shell, script, entries);
        throw new LinuxException("exec", Encoding.UTF8.GetString(file), Errno.Last);
    }

    static (int Resource, Native.RLimit Value)[] Bounded(IReadOnlyList<Limit> limits) => [.. limits.Select(limit =>
    {
        var hard = Math.Min(limit.Hard, Limits.Get(limit.Resource).Hard);
        return (limit.Resource, new Native.RLimit { Soft = Math.Min(limit.Soft, hard), Hard = hard });
    })];
}
