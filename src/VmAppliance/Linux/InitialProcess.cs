using System.Text;

namespace VmAppliance.Linux;

/// <summary>Arguments and environment as the kernel handed them over, byte for byte: proc(5).</summary>
/// <remarks>The C library's <c>environ</c> was emptied before the runtime started (entry.c); here it is only data.</remarks>
static class InitialProcess
{
    /// <summary>The arguments, argv[0] included.</summary>
    public static IReadOnlyList<byte[]> Arguments() => Split(File.ReadAllBytes("/proc/self/cmdline"));

    /// <summary>NAME=value entries, in order.</summary>
    public static IReadOnlyList<byte[]> Environment() => Split(File.ReadAllBytes("/proc/self/environ"));

    /// <summary>The value of a variable; null when it is not set. The first entry counts, as for getenv(3).</summary>
    public static string? Variable(string name)
    {
        var prefix = Encoding.UTF8.GetBytes(name + "=");
        var entry = Environment().FirstOrDefault(e => e.AsSpan().StartsWith(prefix));
        return entry is null ? null : Encoding.UTF8.GetString(entry.AsSpan(prefix.Length));
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
