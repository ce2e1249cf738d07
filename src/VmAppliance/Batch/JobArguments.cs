using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>A job's arguments in its <c>config</c> file: njob_args=N, then job_arg1= … job_argN=, whose values may go over several lines.</summary>
static class JobArguments
{
    // What Grid Engine writes behind the last argument.
    const string Next = "queue_tmpdir=";

    /// <summary>Reads them; null when the job has none, or they cannot be told apart.</summary>
    public static IReadOnlyList<string>? Read(IReadOnlyList<string> lines)
    {
        var first = lines.ToList().FindIndex(l => l.StartsWith("njob_args=", StringComparison.Ordinal));
        if (first < 0 || !int.TryParse(lines[first]["njob_args=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0)
            return null;
        var arguments = new List<string>();
        foreach (var line in lines.Skip(first + 1))
        {
            var head = string.Create(CultureInfo.InvariantCulture, $"job_arg{arguments.Count + 1}=");
            if (arguments.Count < count && line.StartsWith(head, StringComparison.Ordinal))
                arguments.Add(line[head.Length..]);
            else if (arguments.Count == count && line.StartsWith(Next, StringComparison.Ordinal))
                return arguments;
            else if (arguments.Count > 0)
                arguments[^1] += $"\n{line}";
            else
                return null;
        }
        return null;
    }
}
