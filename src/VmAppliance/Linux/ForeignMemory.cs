namespace VmAppliance.Linux;

/// <summary>
/// Memory files in the hands of other processes, which are not trusted. Nothing here looks into a process's memory, takes its lock (as
/// /proc/PID/cmdline, maps and environ do) or asks a file system that may be the process's own: whoever looks is never made to wait.
/// </summary>
static class ForeignMemory
{
    /// <summary>The name under which a process has a memory file: proc(5), readlink(2) of /proc/PID/fd/N, which is the kernel's own knowledge.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="number">The descriptor's number there.</param>
    /// <returns>Null when there is no such process, or what it has there is no memory file. The name alone proves nothing.</returns>
    public static string? NameOf(int pid, int number)
    {
        const string Prefix = "/memfd:", Suffix = " (deleted)";
        try
        {
            return new FileInfo($"/proc/{pid}/fd/{number}").LinkTarget is { } target && target.StartsWith(Prefix, StringComparison.Ordinal)
                && target.EndsWith(Suffix, StringComparison.Ordinal) && target.Length > Prefix.Length + Suffix.Length
                ? target[Prefix.Length..^Suffix.Length] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is not ours to look at.
            return null;
        }
    }

    /// <summary>Takes hold of a memory file that this account, and nobody else, has made; it cannot be read by what is returned: O_PATH of open(2).</summary>
    /// <param name="pid">The process that has it.</param>
    /// <param name="number">The descriptor's number there.</param>
    /// <returns>Null when what it has there is anything else.</returns>
    /// <exception cref="LinuxException">The process has ended, or has no such descriptor.</exception>
    public static Descriptor? Take(int pid, int number)
    {
        // To open a pipe can take for ever, and to open a device can do anything; even to ask a file system can.
        var unopened = Descriptor.Open($"/proc/{pid}/fd/{number}", OpenMode.Path);
        try
        {
            using var sample = Descriptor.Memory("vma-sample", 0);
            if (Mount(unopened) == Mount(sample) && Files.Facts(unopened) is { IsRegular: true } facts && facts.Uid == Host.EffectiveUser)
                return unopened;
        }
        catch
        {
            unopened.Dispose();
            throw;
        }
        unopened.Dispose();
        return null;
    }

    // All memory files are on one mount of the kernel's own: proc(5), fdinfo.
    static string Mount(Descriptor file) => File.ReadLines($"/proc/self/fdinfo/{file.Number}").First(l => l.StartsWith("mnt_id:", StringComparison.Ordinal));
}
