using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace VmAppliance.Configuration;

/// <summary>A key with the value in force.</summary>
/// <param name="Section">Section name.</param>
/// <param name="Key">Key name.</param>
/// <param name="Text">Says the value as the file would; a hook never asks.</param>
/// <param name="IsDefault">Whether the file does not set it.</param>
sealed record EffectiveValue(string Section, string Key, Func<string> Text, bool IsDefault);

/// <summary>Reads the keys of one section by type; problems are collected, never thrown.</summary>
sealed class SectionReader(string name, IConfigurationSection section, List<string> problems, List<EffectiveValue> effective)
{
    readonly List<string> _known = [];

    /// <summary>A text; empty means the default.</summary>
    public string Text(string key, string standard) => Read(key, standard, text => text, text => text, () => "") ?? standard;

    /// <summary>An absolute path.</summary>
    public string Path(string key, string standard) => Read(key, standard, text => text.StartsWith('/') ? text : null,
        text => text, () => "must be an absolute path") ?? standard;

    /// <summary>A whole number within bounds, or <c>auto</c> for the default.</summary>
    public int Count(string key, int standard, int least, int most) =>
        (int)(Read<long?>(key, standard, text => text == "auto" ? standard
            : Number(text) is { } n && n >= least && n <= most ? n : null,
            n => n!.Value.ToString(CultureInfo.InvariantCulture), () => $"must be a whole number from {least} to {most}") ?? standard);

    /// <summary>A whole number within bounds, or one word instead, which is read as null.</summary>
    public int? CountOr(string key, int standard, int least, int most, string word)
    {
        var usual = standard.ToString(CultureInfo.InvariantCulture);
        var value = Read(key, usual, text => text == "auto" ? usual : text == word || (Number(text) is { } n && n >= least && n <= most) ? text : null,
            text => text, () => $"must be a whole number from {least} to {most}, or {word}");
        return value == word ? null : Number(value!);
    }

    /// <summary>A size in bytes; null when it is not set.</summary>
    public long? OptionalSize(string key, long least) => Units.Size(Read(key, "",
        text => Units.Size(text) is { } size && size >= least ? text : null,
        text => text.Length == 0 ? "" : Units.Text(Units.Size(text)!.Value), () => $"must be a size of at least {Units.Text(least)}, such as 512MiB or 2GiB") ?? "");

    /// <summary>A size in bytes.</summary>
    public long Size(string key, long standard, long least) => Read<long?>(key, standard,
        text => Units.Size(text) is { } size && size >= least ? size : null,
        size => Units.Text(size!.Value), () => $"must be a size of at least {Units.Text(least)}, such as 512MiB or 2GiB") ?? standard;

    /// <summary>A size in bytes that is a power of two.</summary>
    public long PowerOfTwo(string key, long standard, long least, long most) => Read<long?>(key, standard,
        text => Units.Size(text) is { } size && size >= least && size <= most && long.IsPow2(size) ? size : null,
        size => Units.Text(size!.Value), () => $"must be a power of two from {Units.Text(least)} to {Units.Text(most)}") ?? standard;

    /// <summary>A duration.</summary>
    public TimeSpan Duration(string key, TimeSpan standard) => Read<TimeSpan?>(key, standard,
        text => Units.Duration(text) is { Ticks: > 0 } time ? time : null,
        time => Units.Text(time!.Value), () => "must be a duration such as 500ms, 30s or 2min") ?? standard;

    /// <summary>One of a few values, by name. The names are given, because to ask the runtime for those of an enumeration takes longer than all the rest.</summary>
    public T Choice<T>(string key, T standard, params (string Name, T Value)[] values) where T : struct, Enum => Read<T?>(key, standard,
        text => Array.FindIndex(values, v => v.Name == text) is >= 0 and var found ? values[found].Value : null,
        value => values.First(v => v.Value.Equals(value)).Name, () => $"must be one of {string.Join(", ", values.Select(v => v.Name))}") ?? standard;

    /// <summary>yes or no.</summary>
    public bool Flag(string key, bool standard) => Read<bool?>(key, standard,
        text => text switch { "yes" => true, "no" => false, _ => null }, flag => flag!.Value ? "yes" : "no", () => "must be yes or no") ?? standard;

    /// <summary>A text that must be one of a few words.</summary>
    public string Word(string key, string standard, params string[] words) => Read(key, standard,
        text => words.Contains(text) ? text : null, text => text, () => $"must be one of {string.Join(", ", words)}") ?? standard;

    /// <summary>A value read by a function of the caller's that answers null for what it cannot take.</summary>
    public T? Custom<T>(string key, T standard, Func<string, T?> parse, Func<T, string> print, string expectation) where T : class =>
        Read(key, standard, parse, print, () => expectation);

    /// <summary>Says that a key has a value that cannot be, for a reason only the caller can see.</summary>
    public void Complain(string key, string reason) => problems.Add($"[{name}] {key}: {reason}");

    /// <summary>Reports every key that nobody asked for.</summary>
    public void RefuseUnknownKeys()
    {
        foreach (var key in section.GetChildren().Select(c => c.Key).Where(k => !_known.Contains(k, StringComparer.OrdinalIgnoreCase)))
            problems.Add($"[{name}] {key}: there is no such key{NearestName.Suggestion(key, _known)}");
    }

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    T? Read<T>(string key, T standard, Func<string, T?> parse, Func<T, string> print, Func<string> expectation)
    {
        _known.Add(key);
        var text = section[key];
        if (string.IsNullOrEmpty(text))
        {
            effective.Add(new EffectiveValue(name, key, () => print(standard), true));
            return standard;
        }
        var value = parse(text);
        if (value is null)
            problems.Add($"[{name}] {key}: '{text}' {expectation()}");
        else
            effective.Add(new EffectiveValue(name, key, () => print(value), false));
        return value ?? standard;
    }
}
