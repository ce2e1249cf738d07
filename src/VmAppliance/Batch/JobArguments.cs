using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>A job's arguments in its <c>config</c> file: njob_args=N, then job_arg1= … job_argN=, whose values may go over several lines.</summary>
static class JobArguments
{
    // What Grid Engine writes behind the last argument.
    const string Count = "njob_args", Argument = "job_arg", Next = "queue_tmpdir";

    /// <summary>Reads them; null when the job has none, or when a line break in one makes it uncertain where it ends.</summary>
    public static IReadOnlyList<byte[]>? Read(IReadOnlyList<ConfigLine> lines)
    {
        var first = IndexOf(lines, Count, 0);
        if (first < 0 || !int.TryParse(lines[first].Value.Span, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count <= 0)
            return null;
        var end = IndexOf(lines, Next, first);
        if (end < 0 || IndexOf(lines, Next, end + 1) >= 0)
            return null;
        var heads = new List<int>();
        for (var i = first + 1; i < end; i++)
            if (lines[i].Name.StartsWith(Argument, StringComparison.Ordinal))
                heads.Add(i);
        // Exactly one line for each, in order: any other is a line break's doing.
        if (heads.Count != count || heads[0] != first + 1 || heads.Where((line, i) => lines[line].Name != Name(i)).Any())
            return null;
        return [.. heads.Select((line, i) => Joined(lines, line, i + 1 < count ? heads[i + 1] : end))];
    }

    static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"{Argument}{index + 1}");

    static byte[] Joined(IReadOnlyList<ConfigLine> lines, int from, int to)
    {
        var text = new MemoryStream();
        text.Write(lines[from].Value.Span);
        for (var i = from + 1; i < to; i++)
        {
            text.WriteByte((byte)'\n');
            text.Write(lines[i].Text.Span);
        }
        return text.ToArray();
    }

    static int IndexOf(IReadOnlyList<ConfigLine> lines, string name, int from)
    {
        for (var i = from; i < lines.Count; i++)
            if (lines[i].Name == name)
                return i;
        return -1;
    }
}
