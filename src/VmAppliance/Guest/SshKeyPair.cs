using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VmAppliance.Guest;

/// <summary>
/// A key pair made for one lease: ECDSA on NIST's P-256, RFC 5656. Every sshd has it, and so has one that is bound to FIPS 140, which refuses Ed25519;
/// and sshd leaves it to OpenSSL, where it is several times as fast as what sshd itself brings for Ed25519.
/// </summary>
/// <param name="PrivateKey">OpenSSH PEM file.</param>
/// <param name="PublicLine">A line of authorized_keys: <c>ecdsa-sha2-nistp256 BASE64</c>.</param>
/// <param name="Fingerprint">SHA-256 of the public key in base64 without padding, as ssh-keygen prints it.</param>
sealed record SshKeyPair(string PrivateKey, string PublicLine, string Fingerprint)
{
    /// <summary>What ssh calls a key of this kind, and the way to prove that one has it.</summary>
    public const string Algorithm = "ecdsa-sha2-nistp256";

    const string Curve = "nistp256";
    const int BlockBytes = 8;
    const byte Uncompressed = 4; // SEC 1, 2.3.3: both coordinates of a point follow

    /// <summary>Makes a new pair.</summary>
    public static SshKeyPair Create()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Of(pair);
    }

    /// <summary>A pair as ssh writes it.</summary>
    public static SshKeyPair Of(ECDsa pair)
    {
        var numbers = pair.ExportParameters(includePrivateParameters: true);
        byte[] publicKey = [.. Text(Algorithm), .. Text(Curve), .. Block([Uncompressed, .. numbers.Q.X!, .. numbers.Q.Y!])];
        return new SshKeyPair(
            PemEncoding.WriteString("OPENSSH PRIVATE KEY", KeyFile(publicKey, numbers.D!)) + "\n",
            $"{Algorithm} {Convert.ToBase64String(publicKey)}",
            Convert.ToBase64String(Sha256.Of(publicKey)).TrimEnd('='));
    }

    // OpenSSH's PROTOCOL.key, not encrypted. The two check numbers, there to recognise a wrong pass phrase, are equal.
    static byte[] KeyFile(byte[] publicKey, byte[] secret)
    {
        byte[] entry = [.. Number(0), .. Number(0), .. publicKey, .. Integer(secret), .. Text("")];
        var padding = Enumerable.Range(1, (BlockBytes - (entry.Length % BlockBytes)) % BlockBytes).Select(i => (byte)i);
        return [.. "openssh-key-v1\0"u8, .. Text("none"), .. Text("none"), .. Text(""), .. Number(1), .. Block(publicKey), .. Block([.. entry, .. padding])];
    }

    // mpint, RFC 4251: no more bytes than needed, and one of zeros in front where the first would make it negative.
    static byte[] Integer(ReadOnlySpan<byte> number)
    {
        number = number.TrimStart((byte)0);
        return Block(!number.IsEmpty && number[0] >= 0x80 ? [0, .. number] : number.ToArray());
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
