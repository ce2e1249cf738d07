using System.Security.Cryptography;

namespace VmAppliance.Images;

/// <summary>Checksums as <c>sha256sum</c> prints them.</summary>
static class Checksum
{
    /// <summary>Of a whole file or block device.</summary>
    public static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
