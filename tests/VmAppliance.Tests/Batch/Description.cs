using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>A description of a job that a real Grid Engine wrote: Descriptions/VERSION/KIND; a character for each byte.</summary>
static class Description
{
    /// <summary>All of them: version and kind.</summary>
    public static IEnumerable<(string Version, string Kind)> All() =>
        from version in new[] { "8.1.9", "9.2" }
        from path in Directory.GetFiles($"{Root}/{version}").Order(StringComparer.Ordinal)
        select (version, Path.GetFileName(path));

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
