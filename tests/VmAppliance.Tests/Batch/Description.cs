using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>A description of a job that a real Grid Engine wrote: Descriptions/VERSION/KIND; a character for each byte.</summary>
static class Description
{
    const string Environment = ".environment";

    /// <summary>All of them: version and kind.</summary>
    public static IEnumerable<(string Version, string Kind)> All() =>
        from version in new[] { "8.1.9", "9.2" }
        from path in Directory.GetFiles($"{Root}/{version}").Where(p => !p.EndsWith(Environment, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        select (version, Path.GetFileName(path));

    /// <summary>The environment that Grid Engine gave a hook of such a job.</summary>
    public static Dictionary<string, string> Variables(string version, string kind) =>
        File.ReadAllLines($"{Root}/{version}/{kind}{Environment}").Select(l => l.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);

    static string Root => $"{Repository.Root}/tests/VmAppliance.Tests/Batch/Descriptions";

    /// <summary>Its text.</summary>
    public static string Text(string version, string kind) => File.ReadAllText($"{Root}/{version}/{kind}", Encoding.Latin1);

    /// <summary>The text with something behind the value of a name.</summary>
    public static string With(string text, string name, string more)
    {
        var at = text.IndexOf($"\n{name}=", StringComparison.Ordinal);
        return at < 0 ? throw new ArgumentException($"there is no {name}") : text.Insert(text.IndexOf('\n', at + 1), more);
    }

    /// <summary>As a hook reads it.</summary>
    public static IReadOnlyList<ConfigLine> Lines(string text) => ConfigLine.Split(Encoding.Latin1.GetBytes(text));
}
