using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Utilities;
using Org.BouncyCastle.Security;

namespace VmAppliance.Guest;

/// <summary>An Ed25519 key pair made for one lease.</summary>
/// <param name="PrivateKey">OpenSSH PEM file.</param>
/// <param name="PublicLine">A line of authorized_keys: <c>ssh-ed25519 BASE64</c>.</param>
/// <param name="Fingerprint">SHA-256 of the public key in base64 without padding, as ssh-keygen prints it.</param>
sealed record SshKeyPair(string PrivateKey, string PublicLine, string Fingerprint)
{
    /// <summary>Makes a new pair.</summary>
    public static SshKeyPair Create()
    {
        var generator = new Ed25519KeyPairGenerator();
        generator.Init(new Ed25519KeyGenerationParameters(new SecureRandom()));
        var pair = generator.GenerateKeyPair();
        var publicKey = OpenSshPublicKeyUtilities.EncodePublicKey(pair.Public);
        return new SshKeyPair(
            PemEncoding.WriteString("OPENSSH PRIVATE KEY", OpenSshPrivateKeyUtilities.EncodePrivateKey(pair.Private)) + "\n",
            $"ssh-ed25519 {Convert.ToBase64String(publicKey)}",
            Convert.ToBase64String(SHA256.HashData(publicKey)).TrimEnd('='));
    }
}
