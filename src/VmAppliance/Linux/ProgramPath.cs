using System.Text;

namespace VmAppliance.Linux;

/// <summary>Finds a program as execvp(3) does, in somebody else's PATH and from somewhere else.</summary>
static class ProgramPath
{
    const int ExecuteBits = 0x49; // 0111

    /// <summary>The program's path.</summary>
    /// <param name="name">What was typed; with a slash in it, it is a path.</param>
    /// <param name="path">PATH; null for the usual one.</param>
    /// <param name="from">The directory that a relative entry is meant from.</param>
    /// <exception cref="LinuxException">ENOENT: there is none of this name.</exception>
    public static byte[] Find(byte[] name, byte[]? path, byte[] from)
    {
        if (name.Contains((byte)'/'))
            return name;
        var rest = path ?? "/usr/local/bin:/usr/bin:/bin"u8.ToArray();
        for (var end = 0; end >= 0 && name.Length > 0; rest = rest[(end + 1)..])
        {
            end = Array.IndexOf(rest, (byte)':');
            var entry = end < 0 ? rest : rest[..end];
            byte[] candidate = entry is [(byte)'/', ..] ? [.. entry, (byte)'/', .. name] : [.. from, (byte)'/', .. entry, (byte)'/', .. name];
            if (Files.Target(candidate) is { IsRegular: true, Mode: var mode } && (mode & ExecuteBits) != 0)
                return candidate;
        }
        throw new LinuxException("exec", Encoding.UTF8.GetString(name), Errno.ENOENT);
    }
}
