using Org.BouncyCastle.Crypto.Digests;

namespace VmAppliance.Guest;

/// <summary>SHA-256 of a few bytes, without starting OpenSSL for them.</summary>
static class Sha256
{
    /// <summary>The digest, 32 bytes.</summary>
    public static byte[] Of(byte[] bytes)
    {
        var digest = new Sha256Digest();
        digest.BlockUpdate(bytes, 0, bytes.Length);
        var result = new byte[digest.GetDigestSize()];
        digest.DoFinal(result, 0);
        return result;
    }
}
