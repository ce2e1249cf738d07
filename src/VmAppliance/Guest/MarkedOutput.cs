using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace VmAppliance.Guest;

/// <summary>Takes the marks out of one of a job's outputs and passes on exactly what lies between them.</summary>
/// <param name="nonce">The job's.</param>
/// <param name="sink">Where the job's own bytes go.</param>
sealed class MarkedOutput(string nonce, Stream sink)
{
    const int LongestMark = 32;

    readonly byte[] _prefix = OutputMark.Prefix(nonce);
    byte[] _held = [];
    long _last;

    /// <summary>The launcher's pid; null until the job has started.</summary>
    public int? Launcher { get; private set; }

    /// <summary>How the job came to its end; null until it has.</summary>
    public JobEnd? End { get; private set; }

    /// <summary>The job's exit status, 128 + n for signal n; null until it has ended.</summary>
    public int? Status => End?.Status;

    /// <summary>Takes in what arrived. Bytes that may be the beginning of a mark are held back until the next call.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_prefix)
            Hold(PassMarked(_held.Length == 0 ? bytes : [.. _held, .. bytes]));
    }

    /// <summary>Whether bytes are held back.</summary>
    public bool Holds => _held.Length > 0;

    /// <summary>If nothing has followed for this long, what was held back was the job's. Whoever takes the output may be slow, and is not waited for: then more has come.</summary>
    public void Release(TimeSpan silence)
    {
        if (!Monitor.TryEnter(_prefix))
            return;
        try
        {
            if (Stopwatch.GetElapsedTime(_last) < silence)
                return;
            Pass(_held);
            _held = [];
        }
        finally
        {
            Monitor.Exit(_prefix);
        }
    }

    void Hold(ReadOnlySpan<byte> rest) => (_held, _last) = (rest.ToArray(), Stopwatch.GetTimestamp());

    // What is left may be the beginning of a mark.
    ReadOnlySpan<byte> PassMarked(ReadOnlySpan<byte> all)
    {
        while (End is null && all.IndexOf(_prefix) is >= 0 and var start)
        {
            Pass(all[..start]);
            var line = all[(start + _prefix.Length)..];
            var end = line.IndexOf((byte)'\n');
            if (end < 0 && line.Length < LongestMark)
                return all[start..];
            if (end < 0 || !Take(Encoding.ASCII.GetString(line[..end]).Split(' ')))
            {
                // It only looked like a mark.
                Pass(_prefix);
                all = line;
                continue;
            }
            all = line[(end + 1)..];
        }
        var keep = End is null ? PossiblePrefix(all) : 0;
        Pass(all[..^keep]);
        return all[^keep..];
    }

    bool Take(string[] words)
    {
        if (words is not [var word, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        if (word == OutputMark.Started)
            Launcher = number;
        else if (OutputMark.End(word, number) is { } end)
            End = end;
        else
            return false;
        return true;
    }

    void Pass(ReadOnlySpan<byte> bytes)
    {
        if (Launcher is not null && End is null && bytes.Length > 0)
            sink.Write(bytes);
    }

    int PossiblePrefix(ReadOnlySpan<byte> bytes)
    {
        for (var length = Math.Min(bytes.Length, _prefix.Length - 1); length > 0; length--)
            if (bytes[^length..].SequenceEqual(_prefix.AsSpan(0, length)))
                return length;
        return 0;
    }
}
