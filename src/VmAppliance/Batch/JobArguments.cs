using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>A job's arguments in its <c>config</c> file: njob_args=N, then job_arg1= … job_argN=, whose values may go over several lines.</summary>
static class JobArguments
{
    // What Grid Engine writes behind the last argument.
    const string Next = "queue_tmpdir=";

    /// <summary>Reads them; null when the job has none, or when a line break in one makes it uncertain where it ends.</summary>
    public static IReadOnlyList<string>? Read(IReadOnlyList<string> lines)
    {
        var first = IndexOf(lines, l => l.StartsWith("njob_args=", StringComparison.Ordinal), 0);
        if (first < 0 || !int.TryParse(lines[first]["njob_args=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count <= 0)
            return null;
        var end = IndexOf(lines, l => l.StartsWith(Next, StringComparison.Ordinal), first);
        if (end < 0 || IndexOf(lines, l => l.StartsWith(Next, StringComparison.Ordinal), end + 1) >= 0)
            return null;
        var heads = new List<int>();
        for (var i = first + 1; i < end; i++)
            if (lines[i].StartsWith("job_arg", StringComparison.Ordinal))
                heads.Add(i);
        // Exactly one line for each, in order: any other is a line break's doing.
        if (heads.Count != count || heads[0] != first + 1 || heads.Where((line, i) => !lines[line].StartsWith(Head(i), StringComparison.Ordinal)).Any())
            return null;
        return [.. heads.Select((line, i) => string.Join('\n', lines.Skip(line).Take((i + 1 < count ? heads[i + 1] : end) - line))[Head(i).Length..])];
    }

    static string Head(int index) => string.Create(CultureInfo.InvariantCulture, $"job_arg{index + 1}=");

    static int IndexOf(IReadOnlyList<string> lines, Func<string, bool> match, int from)
    {
        for (var i = from; i < lines.Count; i++)
            if (match(lines[i]))
                return i;
        return -1;
    }
}
