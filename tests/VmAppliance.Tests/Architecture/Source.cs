using System.Text.RegularExpressions;

namespace VmAppliance.Tests.Architecture;

/// <summary>A source file of the program.</summary>
/// <param name="Path">Below src/VmAppliance.</param>
/// <param name="Lines">Its lines.</param>
sealed partial record Source(string Path, IReadOnlyList<string> Lines)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Source> All { get; } = [.. Directory.GetFiles($"{Repository.Root}/src/VmAppliance", "*.cs", SearchOption.AllDirectories)
        .Select(f => System.IO.Path.GetRelativePath($"{Repository.Root}/src/VmAppliance", f))
        .Where(f => !f.StartsWith("bin/", StringComparison.Ordinal) && !f.StartsWith("obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        .Select(f => new Source(f, File.ReadAllLines($"{Repository.Root}/src/VmAppliance/{f}")))];

    /// <summary>The room it is in; Program.cs is in none.</summary>
    public string Room => Path.Contains('/', StringComparison.Ordinal) ? Path[..Path.IndexOf('/', StringComparison.Ordinal)] : "";

    /// <summary>Its lines without comments.</summary>
    public IEnumerable<string> Code => Lines.Select(l => Comment.Replace(l, "")).Where(l => l.Trim().Length > 0);

    /// <summary>The rooms that it names: by <c>using</c>, or before the name of a type in the middle of a line.</summary>
    public IEnumerable<string> RoomsUsed => Code.SelectMany(l => RoomName.Matches(l)).Where(m => m.Groups["type"] is not { Success: true } type || IsType(m.Groups["room"].Value, type.Value))
        .Select(m => m.Groups["room"].Value).Distinct().Where(r => r != Room);

    // "Images.TryGetValue" is a property of that name, "Batch.GridEngine" a type of that room.
    static bool IsType(string room, string name) => All.Any(s => s.Room == room && System.IO.Path.GetFileNameWithoutExtension(s.Path) == name);

    /// <summary>The namespaces that its <c>using</c> lines name.</summary>
    public IEnumerable<string> Usings => Code.Select(l => UsingLine.Match(l)).Where(m => m.Success).Select(m => m.Groups["name"].Value);

    /// <summary>Its lines that contain a text, with their place.</summary>
    public IEnumerable<string> Having(string text) => Lines.Select((line, i) => (line, place: $"{Path}:{i + 1}"))
        .Where(l => Comment.Replace(l.line, "").Contains(text, StringComparison.Ordinal)).Select(l => $"{l.place} {l.line.Trim()}");

    [GeneratedRegex("(^|\\s)//.*$")]
    private static partial Regex Comment { get; }

    [GeneratedRegex("(VmAppliance\\.|(?<![\\w.\"/]))(?<room>Modes|Jobs|Batch|Storage|Hypervisors|Guest|Images|Configuration|Processes|Diagnostics|Linux)\\.(Qemu\\.|Xen\\.|Agent\\.|Maintenance\\.|DeviceMapper\\.)?(?<type>[A-Z]\\w+)|using (static )?VmAppliance\\.(?<room>\\w+)")]
    private static partial Regex RoomName { get; }

    [GeneratedRegex("^using (static )?(\\w+ = )?(?<name>[\\w.]+);")]
    private static partial Regex UsingLine { get; }
}
