using System.Text;

namespace VmAppliance.Linux;

/// <summary>Arguments and environment as the kernel handed them over, byte for byte: proc(5).</summary>
/// <remarks>The C library's <c>environ</c> was emptied before the runtime started (entry.c); here it is only data.</remarks>
static class InitialProcess
{
    const int LongestPath = 4096; // PATH_MAX, linux/limits.h

    /// <summary>The arguments, argv[0] included.</summary>
    public static IReadOnlyList<byte[]> Arguments() => Split(File.ReadAllBytes("/proc/self/cmdline"));

    /// <summary>NAME=value entries, in order.</summary>
    public static IReadOnlyList<byte[]> Environment() => Split(File.ReadAllBytes("/proc/self/environ"));

    /// <summary>The value of a variable; null when it is not set. The first entry counts, as for getenv(3).</summary>
    public static string? Variable(string name) => Value(name) is { } value ? Encoding.UTF8.GetString(value) : null;

    /// <summary>The value of a variable, which need not be text; null when it is not set.</summary>
    public static byte[]? Value(string name) => Value(Environment(), name);

    /// <summary>The value of a variable among NAME=value entries; null when it is not there. The first entry counts, as for getenv(3).</summary>
    public static byte[]? Value(IEnumerable<byte[]> entries, string name)
    {
        var prefix = Encoding.UTF8.GetBytes(name + "=");
        return entries.FirstOrDefault(e => e.AsSpan().StartsWith(prefix))?[prefix.Length..];
    }

    /// <summary>The working directory; null when it has been removed, or cannot be reached from the root: getcwd(2).</summary>
    public static unsafe byte[]? Directory()
    {
        var path = new byte[LongestPath];
        fixed (byte* start = path)
        {
            var length = (int)Native.syscall(Native.SYS_getcwd, (nint)start, path.Length, 0, 0);
            return length > 1 && path[0] == '/' ? path[..(length - 1)] : null;
        }
    }

    /// <summary>Splits at NULs; each part ends with one, so an empty last argument is kept.</summary>
    public static IReadOnlyList<byte[]> Split(ReadOnlySpan<byte> block)
    {
        var parts = new List<byte[]>();
        while (block.Length > 0)
        {
            var end = block.IndexOf((byte)0);
            if (end < 0)
                end = block.Length;
            parts.Add(block[..end].ToArray());
            block = end < block.Length ? block[(end + 1)..] : [];
        }
        return parts;
    }
}
