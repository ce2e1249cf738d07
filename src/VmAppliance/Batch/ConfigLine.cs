using System.Text;

namespace VmAppliance.Batch;

/// <summary>
/// A line of a job's <c>config</c> file as Grid Engine's shepherd reads it: fgets(3) into 100000 bytes, then a name and a value cut out by
/// a strtok(3) of its own (read_config() in source/libs/uti/config_file.c, sge_strtok_r() in sge_string.c; the same in 8.1.9 and in 9.2).
/// </summary>
/// <param name="Text">The line without its end: bytes in no particular encoding.</param>
readonly record struct ConfigLine(ReadOnlyMemory<byte> Text)
{
    /// <summary>The most bytes, the line's end not counted, that the shepherd takes for one line: what is more becomes a line of its own.</summary>
    public const int Longest = 99_998;

    /// <summary>What stands between blanks and '=' at the line's beginning, however many, and the next of them; a character for each byte.</summary>
    public string Name => Encoding.Latin1.GetString(FromName[..NameLength]);

    /// <summary>What follows the one blank or '=' behind the name; empty when nothing does.</summary>
    public ReadOnlyMemory<byte> Value => Text[Math.Min(Text.Length, Text.Length - FromName.Length + NameLength + 1)..];

    ReadOnlySpan<byte> FromName => Text.Span.TrimStart(" ="u8);

    int NameLength => FromName.IndexOfAny(" ="u8) is >= 0 and var end ? end : FromName.Length;

    /// <summary>The lines of a file; the last one may lack its end.</summary>
    public static IReadOnlyList<ConfigLine> Split(ReadOnlyMemory<byte> file)
    {
        var lines = new List<ConfigLine>();
        while (!file.IsEmpty)
        {
            var end = file.Span.IndexOf((byte)'\n') is >= 0 and var found ? found : file.Length;
            lines.Add(new ConfigLine(file[..end]));
            file = file[Math.Min(file.Length, end + 1)..];
        }
        return lines;
    }
}
