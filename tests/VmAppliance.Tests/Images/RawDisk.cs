namespace VmAppliance.Tests.Images;

/// <summary>A raw disk that has nothing but the signature of its partition table, and something everywhere else.</summary>
static class RawDisk
{
    /// <summary>One of this size, in bytes.</summary>
    public static byte[] Bytes(int size, byte fill = 7)
    {
        var bytes = Enumerable.Repeat(fill, size).ToArray();
        (bytes[510], bytes[511]) = (0x55, 0xAA);
        return bytes;
    }
}
