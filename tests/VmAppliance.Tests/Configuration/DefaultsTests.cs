using System.Globalization;
using System.Text.RegularExpressions;
using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

/// <summary>The example file, the manual and the program say the same about every key.</summary>
sealed partial class DefaultsTests
{
    // An image and a queue are sections of the reader's choice of name; a queue's image has no default.
    const string Named = "[image:NAME]\nmachine =\n[queue:vm.q]\nimage = demo\n";

    [GeneratedRegex(@"^;?\[(?<section>.+)\]$")]
    private static partial Regex SectionLine { get; }

    [GeneratedRegex(@"^;(?<key>[a-z_]+) =(?<value>.*)$")]
    private static partial Regex KeyLine { get; }

    static Dictionary<string, string> Documented()
    {
        var (keys, section) = (new Dictionary<string, string>(), "");
        foreach (var line in Repository.Text("packaging/config/vmappliance.ini").Split('\n'))
            if (SectionLine.Match(line) is { Success: true } head)
                section = head.Groups["section"].Value;
            else if (KeyLine.Match(line) is { Success: true } key)
                keys.Add($"[{section}] {key.Groups["key"]}", key.Groups["value"].Value.Trim());
        return keys;
    }

    static Dictionary<string, string> Read(string text)
    {
        SettingsReader.Read(text, out var problems, out var effective);
        return problems.Count == 0 ? effective.ToDictionary(v => $"[{v.Section}] {v.Key}", v => v.Text()) : throw new InvalidOperationException(problems[0]);
    }

    static string Lines(Dictionary<string, string> keys) => string.Join('\n', keys.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Key} = {k.Value}"));

    [Test]
    public async Task The_example_file_shows_every_key_at_its_default_and_no_other()
    {
        var documented = Documented();
        await Assert.That(documented["[slots] count"]).IsEqualTo("auto");
        documented["[slots] count"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        await Assert.That(Lines(documented)).IsEqualTo(Lines(Read(Named)));
    }

    [Test]
    public async Task The_example_file_as_it_is_sets_nothing()
    {
        SettingsReader.Read(Repository.Text("packaging/config/vmappliance.ini"), out var problems, out var effective);
        await Assert.That(problems).IsEmpty();
        await Assert.That(effective.Where(v => !v.IsDefault)).IsEmpty();
        await Assert.That(effective.Count).IsGreaterThan(15);
    }

    [Test]
    public async Task The_example_file_with_every_line_switched_on_means_the_defaults()
    {
        var lines = Repository.Text("packaging/config/vmappliance.ini").Split('\n').Select(l => l.StartsWith(';') ? l[1..] : l);
        await Assert.That(Lines(Read(string.Join('\n', lines)))).IsEqualTo(Lines(Read(Named)));
    }

    [Test]
    public async Task The_manual_describes_every_key_with_its_default_in_its_section()
    {
        var sections = Repository.Text("packaging/man/vmappliance.ini.5").Split("\n.Ss [").Skip(1)
            .ToDictionary(s => s[..s.IndexOf(']', StringComparison.Ordinal)].Split(':')[0]);
        var missing = Documented().Where(k => !Describes(sections, k.Key, k.Value)).Select(k => $"{k.Key} = {k.Value}");
        await Assert.That(string.Join('\n', missing)).IsEqualTo("");
    }

    [Test]
    public async Task The_manual_describes_no_key_that_is_not_there()
    {
        var known = Documented().Keys.Select(k => k.Split(' ')[1]).ToHashSet();
        var described = ItemLine.Matches(Repository.Text("packaging/man/vmappliance.ini.5")).Select(m => m.Groups["key"].Value).ToList();
        await Assert.That(described.Count).IsGreaterThan(15);
        await Assert.That(string.Join(' ', described.Where(k => !known.Contains(k)))).IsEqualTo("");
    }

    [GeneratedRegex(@"^\.It Sy (?<key>[a-z_]+)", RegexOptions.Multiline)]
    private static partial Regex ItemLine { get; }

    static bool Describes(Dictionary<string, string> sections, string name, string value)
    {
        var (section, key) = (name[1..name.IndexOf(']', StringComparison.Ordinal)].Split(':')[0], name.Split(' ')[1]);
        return sections.TryGetValue(section, out var text) && ItemLine.Matches(text).Any(m => m.Groups["key"].Value == key);
    }
}
