using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>
/// The lines that one version of Grid Engine writes into a job's <c>config</c> file, in their order: packaging/sge/lines-VERSION, which
/// vmappliance-shepherd reads, too. What is not in order there, the job's owner has written.
/// </summary>
sealed class ConfigTable
{
    const string Count = "njob_args", Argument = "job_arg", AfterArguments = "queue_tmpdir";

    static readonly Lazy<ConfigTable> s_old = new(() => new ConfigTable("8.1.9")), s_new = new(() => new ConfigTable("9.2"));

    // Where a name may stand: the numbers of its lines.
    readonly Dictionary<string, List<int>> _places = [];

    // The lines whose values the job's owner chose.
    readonly HashSet<int> _owners = [];

    ConfigTable(string version)
    {
        var place = 0;
        foreach (var words in Rows(version))
        {
            if (words is [_, "owner"])
                _owners.Add(place);
            foreach (var name in words[0].Split('|'))
                (_places.TryGetValue(name, out var places) ? places : _places[name] = []).AddRange(words is [_, "never"] ? [] : [place]);
            place++;
        }
    }

    /// <summary>What is wrong with a job's description, as a sentence's end; null when it is as Grid Engine wrote it.</summary>
    public static string? Forgery(IReadOnlyList<ConfigLine> lines)
    {
        if (lines.Any(l => l.Text.Length > ConfigLine.Longest))
            return "one of its arguments or paths is longer than Grid Engine can handle";
        // Written before anything that the owner can choose.
        var table = lines is [var first, ..] && first.Name == "sge_root" ? s_new.Value : s_old.Value;
        return table.Twins(lines) ?? table.Disorder(lines);
    }

    static IEnumerable<string[]> Rows(string version)
    {
        using var stream = typeof(ConfigTable).Assembly.GetManifestResourceStream($"lines-{version}")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith('#'))
                yield return line.Split(' ');
    }

    // The shepherd believes the last of them.
    string? Twins(IReadOnlyList<ConfigLine> lines)
    {
        var seen = new Dictionary<string, int>();
        foreach (var name in lines.Select(l => l.Name).Where(IsWord))
            seen[name] = seen.GetValueOrDefault(name) + 1;
        var twin = seen.FirstOrDefault(s => s.Value > Math.Max(1, _places.GetValueOrDefault(s.Key)?.Count ?? 1));
        return twin.Key is null ? null : $"its description says '{twin.Key}' {twin.Value} times";
    }

    string? Disorder(IReadOnlyList<ConfigLine> lines)
    {
        var place = -1;
        for (var i = 0; i < lines.Count; i++)
        {
            var name = lines[i].Name;
            var next = _places.GetValueOrDefault(name)?.FirstOrDefault(p => p > place, -1) ?? -1;
            if (_owners.Contains(place) && next != place + 1)
                return Continued(lines[i - 1].Name);
            if (next < 0)
                return $"its description has a line '{name}' where Grid Engine writes none";
            place = next;
            if (name != Count)
                continue;
            var last = LastOfArguments(lines, i);
            if (last is null)
                return Continued(Argument);
            place = last > i ? place + 1 : place;
            i = last.Value;
        }
        return _owners.Contains(place) ? Continued(lines[^1].Name) : null;
    }

    static string Continued(string name) => $"the value of '{name}' goes on in a line of its own, which Grid Engine would take for an instruction";

    // The last line of the arguments; null when one of theirs is a line that the shepherd looks for: other line breaks do no harm.
    static int? LastOfArguments(IReadOnlyList<ConfigLine> lines, int count)
    {
        var all = int.TryParse(lines[count].Value.Span, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        var given = 0;
        for (var i = count + 1; i < lines.Count; i++)
        {
            var name = lines[i].Name;
            if (given == all && name == AfterArguments)
                return i - 1;
            if (given < all && name == string.Create(CultureInfo.InvariantCulture, $"{Argument}{given + 1}"))
                given++;
            else if (given == 0 || IsWord(name) || (name == "" && !lines[i].Text.IsEmpty))
                return null;
        }
        return null;
    }

    // Of any version: the table that holds cannot know what a newer shepherd asks for.
    static bool IsWord(string name) => s_old.Value._places.ContainsKey(name) || s_new.Value._places.ContainsKey(name)
        || name.StartsWith(Argument, StringComparison.Ordinal);
}
