namespace VmAppliance.Guest;

/// <summary>Cuts a stream of bytes into lines.</summary>
sealed class LineBuffer
{
    const int LongestLine = 1 << 20;

    readonly List<byte> _pending = [];

    /// <summary>Takes in bytes; a line that never ends is dropped.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_pending.Count > LongestLine)
            _pending.Clear();
        _pending.AddRange(bytes);
    }

    /// <summary>The next complete line without its end; null when there is none yet.</summary>
    public byte[]? Next()
    {
        var end = _pending.IndexOf((byte)'\n');
        if (end < 0)
            return null;
        var line = _pending.GetRange(0, end).ToArray();
        _pending.RemoveRange(0, end + 1);
        return line;
    }
}
