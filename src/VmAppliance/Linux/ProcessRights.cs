using System.Buffers.Text;

namespace VmAppliance.Linux;

/// <summary>Whose child a process is, and whose rights it has: /proc/PID/status, proc(5).</summary>
/// <param name="Parent">The parent's process id.</param>
/// <param name="Uid">The real user id.</param>
/// <param name="Groups">The supplementary group ids.</param>
sealed record ProcessRights(int Parent, int Uid, IReadOnlyList<int> Groups)
{
    /// <summary>What it is for a process; null when there is none.</summary>
    public static ProcessRights? Of(int pid)
    {
        try
        {
            using var file = Descriptor.Open($"/proc/{pid}/status", OpenMode.Read);
            var text = new byte[4096];
            int length;
            // Who is in thousands of groups has a long line of them.
            while ((length = file.ReadFully(text)) == text.Length)
            {
                text = new byte[text.Length * 4];
                file.Rewind();
            }
            return Parse(text.AsSpan(0, length));
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            return null;
        }
    }

    /// <summary>Reads the text of the file; null when it is not one.</summary>
    public static ProcessRights? Parse(ReadOnlySpan<byte> status) =>
        Numbers(status, "\nPPid:"u8) is [var parent] && Numbers(status, "\nUid:"u8) is [var uid, ..] && Numbers(status, "\nGroups:"u8) is { } groups
            ? new ProcessRights(parent, uid, groups) : null;

    // A name cannot look like another line: the kernel writes the end of a line in it as \n.
    static List<int>? Numbers(ReadOnlySpan<byte> status, ReadOnlySpan<byte> label)
    {
        var start = status.IndexOf(label);
        if (start < 0)
            return null;
        var rest = status[(start + label.Length)..];
        var numbers = new List<int>();
        while (!rest.IsEmpty && rest[0] is not (byte)'\n')
            if (Utf8Parser.TryParse(rest, out long number, out var digits))
            {
                numbers.Add((int)number);
                rest = rest[digits..];
            }
            else
            {
                rest = rest[1..];
            }
        return numbers;
    }
}
