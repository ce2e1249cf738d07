using System.Security.Cryptography;
using VmAppliance.Linux;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>What is on a disk, past the node's cache.</summary>
static class Bytes
{
    const int Chunk = 1 << 20;

    /// <summary>Fills a disk with bytes that are the same for the same seed, up to its end or the first error.</summary>
    /// <returns>The errno that ended it; 0 when all was written.</returns>
    public static int Fill(string path, long size, int seed)
    {
        try
        {
            using var disk = Descriptor.Open(path, OpenMode.Write | (OpenMode)0x101000 /* O_SYNC: an error is this write's */);
            for (long done = 0; done < size; done += Chunk)
                disk.WriteAll(Block(seed, done, (int)Math.Min(Chunk, size - done)));
            return 0;
        }
        catch (LinuxException e)
        {
            return e.Errno;
        }
    }

    /// <summary>SHA-256 of all of a disk.</summary>
    public static string Sum(string path)
    {
        Forget(path);
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Whether any block of a disk is one of those that <see cref="Fill"/> wrote with this seed.</summary>
    public static bool HasTrace(string path, int seed)
    {
        Forget(path);
        var mark = Block(seed, 0, 16).AsSpan(0, 8).ToArray();
        using var stream = File.OpenRead(path);
        var buffer = new byte[Chunk];
        for (int count; (count = stream.ReadAtLeast(buffer, Chunk, throwOnEndOfStream: false)) > 0;)
            if (buffer.AsSpan(0, count).IndexOf(mark) >= 0)
                return true;
        return false;
    }

    // Each 16 bytes: a mark of the seed's, then where they are.
    static byte[] Block(int seed, long offset, int length)
    {
        var block = new byte[length];
        for (var i = 0; i < length; i += 16)
        {
            BitConverter.TryWriteBytes(block.AsSpan(i), 0x5EED_0000_0000_0000L | (uint)seed);
            BitConverter.TryWriteBytes(block.AsSpan(i + 8), offset + i);
        }
        return block;
    }

    // Reading must reach the device, not what the kernel remembers of it.
    static void Forget(string path)
    {
        if (BlockDevice.NumberOf(path) is not null)
            Tool.Run("blockdev", "--flushbufs", path);
    }
}
