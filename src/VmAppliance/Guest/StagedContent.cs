using System.Buffers.Binary;

namespace VmAppliance.Guest;

/// <summary>A file's content on its way into the machine: pieces, each behind its length (4 bytes, little endian); a length of 0 is the end.</summary>
static class StagedContent
{
    const int Piece = 64 * 1024;

    /// <summary>Sends it.</summary>
    public static void Write(Stream content, Stream to)
    {
        var buffer = new byte[sizeof(int) + Piece];
        int count;
        do
        {
            count = content.ReadAtLeast(buffer.AsSpan(sizeof(int)), Piece, throwOnEndOfStream: false);
            BinaryPrimitives.WriteInt32LittleEndian(buffer, count);
            to.Write(buffer, 0, sizeof(int) + count);
        }
        while (count > 0);
        to.Flush();
    }

    /// <summary>Receives it, piece by piece.</summary>
    /// <param name="read">Reads exactly so many bytes.</param>
    /// <param name="write">Takes a piece.</param>
    /// <exception cref="InvalidDataException">What comes is no content.</exception>
    public static void Read(Func<int, byte[]> read, Action<byte[]> write)
    {
        for (int count; (count = BinaryPrimitives.ReadInt32LittleEndian(read(sizeof(int)))) != 0;)
            write(count is > 0 and <= Piece ? read(count) : throw new InvalidDataException($"a piece of a file cannot have {count} bytes"));
    }
}
