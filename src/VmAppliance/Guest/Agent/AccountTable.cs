namespace VmAppliance.Guest.Agent;

/// <summary>
/// A table like passwd(5): lines of fields with colons between them. In bytes, and with as little code as will do: each machine's start goes
/// through three of them, and where the processor is emulated all code is dear that runs for the first time.
/// </summary>
static class AccountTable
{
    const byte EndOfLine = (byte)'\n', Colon = (byte)':';

    /// <summary>What is done with a line.</summary>
    /// <param name="line">Without its end.</param>
    /// <returns>What becomes of it, no longer than it was; nothing if it shall go.</returns>
    public delegate ReadOnlySpan<byte> Change(ReadOnlySpan<byte> line);

    /// <summary>A table changed line by line; empty lines go.</summary>
    /// <param name="table">As in the file.</param>
    /// <param name="change">What is done with each line.</param>
    /// <param name="first">Lines that stand before all others, each with its end: of two that fit, whoever looks finds the first.</param>
    public static byte[] Rewrite(ReadOnlySpan<byte> table, Change change, ReadOnlySpan<byte> first)
    {
        // The last line may have no end.
        var result = new byte[first.Length + table.Length + 1];
        first.CopyTo(result);
        var length = first.Length;
        while (!table.IsEmpty)
        {
            var end = table.IndexOf(EndOfLine);
            var line = end < 0 ? table : table[..end];
            table = end < 0 ? [] : table[(end + 1)..];
            line = change(line);
            if (line.IsEmpty)
                continue;
            line.CopyTo(result.AsSpan(length));
            result[length + line.Length] = EndOfLine;
            length += line.Length + 1;
        }
        return result[..length];
    }

    /// <summary>Whether a line has this in a field.</summary>
    /// <param name="line">Without its end.</param>
    /// <param name="number">The field's, from 0.</param>
    /// <param name="value">The whole field.</param>
    public static bool Has(ReadOnlySpan<byte> line, int number, ReadOnlySpan<byte> value)
    {
        for (; number > 0; number--)
        {
            var colon = line.IndexOf(Colon);
            if (colon < 0)
                return false;
            line = line[(colon + 1)..];
        }
        return line.StartsWith(value) && (line.Length == value.Length || line[value.Length] == Colon);
    }
}
