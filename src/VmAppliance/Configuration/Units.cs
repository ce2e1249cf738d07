using System.Globalization;

namespace VmAppliance.Configuration;

/// <summary>Sizes and durations as people write them.</summary>
static class Units
{
    static readonly (string Name, long Bytes)[] Sizes =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1), ("", 1)];

    static readonly (string Name, double Seconds)[] Durations =
        [("ms", 0.001), ("s", 1), ("min", 60), ("h", 3600)];

    /// <summary>Bytes of e.g. <c>512MiB</c>; null when it is no size.</summary>
    public static long? Size(string text)
    {
        var (number, unit) = Split(text);
        var found = Sizes.FirstOrDefault(s => s.Name.Equals(unit, StringComparison.OrdinalIgnoreCase));
        return found.Bytes > 0 && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= long.MaxValue / found.Bytes
            ? count * found.Bytes : null;
    }

    /// <summary>A duration such as <c>500ms</c>, <c>30s</c>, <c>2min</c>; null when it is none.</summary>
    public static TimeSpan? Duration(string text)
    {
        var (number, unit) = Split(text);
        var found = Durations.FirstOrDefault(d => d.Name == unit);
        return found.Name is not null && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? TimeSpan.FromSeconds(count * found.Seconds) : null;
    }

    /// <summary>A size in the largest unit that divides it.</summary>
    public static string Text(long bytes)
    {
        var unit = Sizes.Take(4).LastOrDefault(s => bytes > 0 && bytes % s.Bytes == 0);
        return unit.Bytes > 0 ? $"{bytes / unit.Bytes}{unit.Name}" : bytes.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A duration in the largest unit that divides it.</summary>
    public static string Text(TimeSpan time)
    {
        var unit = Durations.Last(d => time.TotalMilliseconds % (d.Seconds * 1000) == 0 && (time.TotalSeconds >= d.Seconds || d.Seconds < 1));
        return $"{time.TotalSeconds / unit.Seconds:0}{unit.Name}";
    }

    static (string Number, string Unit) Split(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        return (text[..digits], text[digits..].Trim());
    }
}
