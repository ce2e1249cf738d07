using System.Text;

namespace VmAppliance.Configuration;

/// <summary>An INI file without the lines that its parser would stop at: it throws at the first, and we name them all.</summary>
sealed class IniForm
{
    readonly List<string> _problems = [];
    readonly StringBuilder _text = new();
    readonly HashSet<string> _keys = new(StringComparer.OrdinalIgnoreCase);
    string _section = "";

    /// <summary>Looks at each line.</summary>
    public IniForm(string text)
    {
        // To the parser a carriage return alone is the end of a line, too.
        foreach (var line in text.TrimStart('\uFEFF').Split(['\n', '\r']).Select(l => l.Trim()))
            if (Problem(line) is { } problem)
                _problems.Add(problem);
            else
                _text.Append(line).Append('\n');
    }

    /// <summary>The lines that are well-formed.</summary>
    public string Text => _text.ToString();

    /// <summary>What is wrong with the others.</summary>
    public IReadOnlyList<string> Problems => _problems;

    string? Problem(string line)
    {
        if (line.Length == 0 || line[0] is ';' or '#' or '/')
            return null;
        if (line[0] == '[')
            return Section(line);
        var sign = line.IndexOf('=', StringComparison.Ordinal);
        var key = sign > 0 ? line[..sign].Trim() : "";
        return key.Length == 0 || line.Any(c => char.IsControl(c) && c != '\t') ? $"{Where}'{line}' is neither a section, a key with a value, nor a comment"
            : key.Contains(':', StringComparison.Ordinal) ? $"{Where}{key}: there is no such key"
            : !_keys.Add($"{_section}:{key}") ? $"{Where}{key}: is set twice"
            : null;
    }

    string? Section(string line)
    {
        var name = line.EndsWith(']') ? line[1..^1].Trim() : "";
        if (name.Split(':') is { Length: > 2 } || name.Length == 0 || name.StartsWith(':') || name.EndsWith(':'))
            return $"'{line}' is no section: [NAME], [image:NAME] or [queue:NAME]";
        _section = name;
        return null;
    }

    string Where => _section.Length == 0 ? "" : $"[{_section}] ";
}
