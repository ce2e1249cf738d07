using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The working directory of a job on its node, made in its machine: missing_directory of vmappliance.ini(5).</summary>
static class WorkingDirectory
{
    // What the system lives of, and where its services keep what is theirs.
    static readonly byte[][] s_kept = ["/bin"u8.ToArray(), "/sbin"u8.ToArray(), "/usr"u8.ToArray(), "/etc"u8.ToArray(), "/boot"u8.ToArray(), "/dev"u8.ToArray(),
        "/proc"u8.ToArray(), "/sys"u8.ToArray(), "/run"u8.ToArray(), "/root"u8.ToArray(), "/var/lib"u8.ToArray(), "/var/spool"u8.ToArray()];

    /// <summary>Makes it, empty and root's, where it is missing and may be made. Where it is not, the job is not started, and is told so then.</summary>
    public static void Make(byte[] path)
    {
        if (!IsFree(path))
            return;
        try
        {
            DirectoryWalk.Make(path);
        }
        catch (LinuxException)
        {
            // The job is told that it is not there.
        }
    }

    /// <summary>Whether it may be made: a plain absolute path, neither at nor above nor below what is the system's own.</summary>
    public static bool IsFree(ReadOnlySpan<byte> path)
    {
        if (!IsPlain(path) || path.StartsWith("/lib"u8))
            return false;
        if (IsAtOrBelow(path, "/usr/local"u8))
            return true;
        foreach (var kept in s_kept)
            if (IsAtOrBelow(path, kept) || IsAtOrBelow(kept, path))
                return false;
        return true;
    }

    static bool IsAtOrBelow(ReadOnlySpan<byte> path, ReadOnlySpan<byte> top) => path.StartsWith(top) && (path.Length == top.Length || path[top.Length] == '/');

    static bool IsPlain(ReadOnlySpan<byte> path)
    {
        if (path.Length < 2 || path[0] != '/')
            return false;
        var rest = path[1..];
        foreach (var part in rest.Split((byte)'/'))
            if (rest[part] is var name && (name.IsEmpty || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8)))
                return false;
        return true;
    }
}
