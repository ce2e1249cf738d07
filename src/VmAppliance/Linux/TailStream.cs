using System.Text;

namespace VmAppliance.Linux;

/// <summary>Keeps the end of what is written to it, and no more: whoever writes may never stop.</summary>
/// <param name="most">How many bytes are kept.</param>
sealed class TailStream(int most) : Stream
{
    readonly MemoryStream _kept = new();

    /// <summary>Whether the beginning is lost.</summary>
    public bool HasLost { get; private set; }

    /// <summary>What is kept, as text.</summary>
    public string Text => Encoding.UTF8.GetString(Tail);

    ReadOnlySpan<byte> Tail => _kept.GetBuffer().AsSpan((int)Math.Max(0, _kept.Length - most), (int)Math.Min(most, _kept.Length));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        HasLost |= _kept.Length + buffer.Length > most;
        // Not moved each time: twice as much is taken before the older half goes.
        if (_kept.Length + buffer.Length > 2L * most)
        {
            var tail = Tail.ToArray();
            _kept.SetLength(0);
            _kept.Write(tail);
        }
        _kept.Write(buffer[Math.Max(0, buffer.Length - most)..]);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _kept.Dispose();
        base.Dispose(disposing);
    }
}
