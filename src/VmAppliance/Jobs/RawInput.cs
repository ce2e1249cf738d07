using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Standard input as a stream without buffer. What cannot be read any more is at its end: a job would wait for ever for what follows.</summary>
/// <param name="number">Descriptor number.</param>
sealed class RawInput(int number) : Stream
{
    readonly Descriptor _file = new(number);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            int count;
            // Somebody else may have made it non-blocking: the flag is of the file, which others have, too.
            while ((count = _file.Read(buffer)) < 0)
                Poll.Readable(Deadline.None, _file.Number);
            return count;
        }
        catch (LinuxException)
        {
            return 0;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
