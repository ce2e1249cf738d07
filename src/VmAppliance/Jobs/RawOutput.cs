using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Standard output or error as a stream without buffer. When nothing more can be written there, it says so once and swallows the rest.</summary>
/// <param name="number">Descriptor number.</param>
/// <param name="broken">Told why writing failed.</param>
sealed class RawOutput(int number, Action<LinuxException> broken) : Stream
{
    readonly Descriptor _file = new(number);
    bool _gone;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            if (!_gone)
                _file.WriteAll(buffer);
        }
        catch (LinuxException e)
        {
            _gone = true;
            broken(e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
