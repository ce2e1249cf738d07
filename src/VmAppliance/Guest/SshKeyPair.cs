using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Math.EC.Rfc8032;
using VmAppliance.Linux;

namespace VmAppliance.Guest;

/// <summary>An Ed25519 key pair made for one lease.</summary>
/// <param name="PrivateKey">OpenSSH PEM file.</param>
/// <param name="PublicLine">A line of authorized_keys: <c>ssh-ed25519 BASE64</c>.</param>
/// <param name="Fingerprint">SHA-256 of the public key in base64 without padding, as ssh-keygen prints it.</param>
sealed record SshKeyPair(string PrivateKey, string PublicLine, string Fingerprint)
{
    const int KeyBytes = 32, BlockBytes = 8;
    const string Algorithm = "ssh-ed25519";

    /// <summary>Makes a new pair.</summary>
    public static SshKeyPair Create()
    {
        byte[] secret = Entropy.Bytes(KeyBytes), point = new byte[KeyBytes];
        Ed25519.GeneratePublicKey(secret, 0, point, 0);
        byte[] publicKey = [.. Text(Algorithm), .. Block(point)];
        return new SshKeyPair(
            PemEncoding.WriteString("OPENSSH PRIVATE KEY", KeyFile(secret, point, publicKey)) + "\n",
            $"{Algorithm} {Convert.ToBase64String(publicKey)}",
            Convert.ToBase64String(Sha256.Of(publicKey)).TrimEnd('='));
    }

    // OpenSSH's PROTOCOL.key, not encrypted. The two check numbers, there to recognise a wrong pass phrase, are equal.
    static byte[] KeyFile(byte[] secret, byte[] point, byte[] publicKey)
    {
        byte[] entry = [.. Number(0), .. Number(0), .. publicKey, .. Block([.. secret, .. point]), .. Text("")];
        var padding = Enumerable.Range(1, (BlockBytes - (entry.Length % BlockBytes)) % BlockBytes).Select(i => (byte)i);
        return [.. "openssh-key-v1\0"u8, .. Text("none"), .. Text("none"), .. Text(""), .. Number(1), .. Block(publicKey), .. Block([.. entry, .. padding])];
    }

    static byte[] Text(string text) => Block(Encoding.ASCII.GetBytes(text));

    static byte[] Block(byte[] bytes) => [.. Number((uint)bytes.Length), .. bytes];

    static byte[] Number(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
