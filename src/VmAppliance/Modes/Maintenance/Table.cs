namespace VmAppliance.Modes.Maintenance;

/// <summary>Rows in columns, for people.</summary>
static class Table
{
    /// <summary>Prints a heading and rows, each column as wide as its widest cell.</summary>
    public static void Print(IReadOnlyList<string> heading, IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = rows.Prepend(heading).ToList();
        var widths = heading.Select((_, column) => all.Max(r => r[column].Length)).ToList();
        foreach (var row in all)
            Console.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
