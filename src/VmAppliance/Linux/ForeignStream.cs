using System.Text;

namespace VmAppliance.Linux;

/// <summary>Writes to an open file that somebody else chose and that may never take it: a full pipe, a file system that does not answer.</summary>
static class ForeignStream
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2), s_grace = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Writes a text, as far as it is taken within two seconds. A child does it: the file's flags, which others share, stay as they are, and if it
    /// hangs in the kernel, it hangs alone.
    /// </summary>
    /// <param name="number">This process's descriptor.</param>
    /// <param name="text">What to write.</param>
    /// <exception cref="LinuxException">No child can be started.</exception>
    public static void Write(int number, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var memory = Descriptor.Memory("words", bytes.Length);
        memory.WriteAll(bytes);
        using var source = Descriptor.Open($"/proc/self/fd/{memory.Number}", OpenMode.Read);
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Write);
        var pid = Spawn.Start("cat", ["cat"u8.ToArray()], [], [source.Number, number, nothing.Number], "/"u8.ToArray());
        using var child = ProcessHandle.Open(pid);
        if (child is null)
            return;
        if (!child.Ended(Deadline.In(s_patience)))
        {
            child.Signal(Kill.SIGKILL);
            child.Ended(Deadline.In(s_grace));
        }
        child.TryReap();
    }
}
