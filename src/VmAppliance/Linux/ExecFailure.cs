using System.Text;

namespace VmAppliance.Linux;

/// <summary>Why a program could not be executed. execve(2) has one "No such file or directory" for a script and for whatever would have to read it.</summary>
static class ExecFailure
{
    // BINPRM_BUF_SIZE of linux/binfmts.h: the kernel looks no further.
    const int LongestLine = 256;

    const int ExecuteBits = 0x49; // 0111

    /// <summary>The reason, in words that name what is missing.</summary>
    /// <param name="path">What was to be executed.</param>
    /// <param name="failure">What came of it.</param>
    public static string Reason(byte[] path, LinuxException failure) => failure.Errno switch
    {
        Errno.ENOENT when Files.Target(path) is not null => Missing(Interpreter(path)),
        Errno.EACCES when Files.Target(path) is { IsRegular: true, Mode: var mode } && (mode & ExecuteBits) == 0 => "it is not executable",
        Errno.EACCES when Interpreter(path) is { } interpreter && Files.Target(interpreter) is { Mode: var mode } && (mode & ExecuteBits) == 0 =>
            $"its interpreter, {Shown(interpreter)}, is not executable",
        _ => failure.Reason,
    };

    static string Missing(byte[]? interpreter) => interpreter is null ? "what would have to load it (the interpreter in its ELF header) is not there"
        : interpreter[^1] == '\r' ? $"its interpreter, {Shown(interpreter)}, is not there: its lines end in carriage returns, as on Windows"
        : $"its interpreter, {Shown(interpreter)}, is not there";

    // What "#!" is followed by, without blanks: fs/binfmt_script.c.
    static byte[]? Interpreter(byte[] path)
    {
        try
        {
            using var file = Descriptor.Open(path, OpenMode.Read | OpenMode.NonBlocking);
            var buffer = new byte[LongestLine];
            var line = buffer.AsSpan(0, file.ReadFully(buffer));
            if (!line.StartsWith("#!"u8))
                return null;
            line = line[2..].TrimStart(" \t"u8);
            var end = line.IndexOfAny(" \t\n\0"u8);
            return end is 0 || line.IsEmpty ? null : line[..(end < 0 ? line.Length : end)].ToArray();
        }
        catch (LinuxException)
        {
            // Who may not read it may yet execute it.
            return null;
        }
    }

    static string Shown(byte[] path) => Encoding.UTF8.GetString(path).Replace("\r", "\\r", StringComparison.Ordinal);
}
