using System.Security.Cryptography;
using System.Text;
using VmAppliance.Guest;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Guest;

/// <summary>OpenSSH itself says whether a key is one.</summary>
sealed class SshKeyPairTests
{
    [Test]
    public async Task Ssh_keygen_derives_the_same_public_key_from_the_private_one()
    {
        using var directory = new TempDirectory();
        var pair = SshKeyPair.Create();
        var said = CommandRunner.Run(["ssh-keygen", "-y", "-P", "", "-f", directory.Write("key", pair.PrivateKey, 0x180)]);
        await Assert.That(said.Status).IsEqualTo(0);
        await Assert.That(string.Join(' ', said.Output.Trim().Split(' ').Take(2))).IsEqualTo(pair.PublicLine);
    }

    // Numbers are written with no more bytes than they need; a first bit would make one negative.
    [Test]
    [Arguments("8000000000000000000000000000000000000000")]
    [Arguments("7F00000000000000000000000000000000000000")]
    [Arguments("80000000000000000000000000000000000000000000000000000000000000")]
    [Arguments("7F00000000000000000000000000000000000000000000000000000000000000")]
    [Arguments("8000000000000000000000000000000000000000000000000000000000000000")]
    public async Task A_secret_of_any_size_is_written_so_that_ssh_keygen_reads_it(string secret)
    {
        using var directory = new TempDirectory();
        using var ec = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Convert.FromHexString(secret.PadLeft(64, '0')) });
        var pair = SshKeyPair.Of(ec);
        var said = CommandRunner.Run(["ssh-keygen", "-y", "-P", "", "-f", directory.Write("key", pair.PrivateKey, 0x180)]);
        await Assert.That(said.Output.Trim()).StartsWith(pair.PublicLine);
    }

    [Test]
    public async Task Ssh_keygen_agrees_on_the_fingerprint()
    {
        using var directory = new TempDirectory();
        var pair = SshKeyPair.Create();
        var fields = CommandRunner.Require("print fingerprint", ["ssh-keygen", "-l", "-E", "sha256", "-f", directory.Write("key.pub", pair.PublicLine + "\n")]).Split(' ');
        await Assert.That((fields[0], fields[1])).IsEqualTo(("256", $"SHA256:{pair.Fingerprint}"));
    }

    [Test]
    public async Task No_two_pairs_are_alike()
    {
        var pairs = Enumerable.Range(0, 20).Select(_ => SshKeyPair.Create()).ToList();
        await Assert.That(pairs.Select(p => p.Fingerprint).Distinct().Count()).IsEqualTo(20);
        await Assert.That(pairs.Select(p => p.PrivateKey).Distinct().Count()).IsEqualTo(20);
    }

    [Test]
    public async Task The_client_library_takes_the_private_key()
    {
        using var key = new Renci.SshNet.PrivateKeyFile(new MemoryStream(Encoding.ASCII.GetBytes(SshKeyPair.Create().PrivateKey)));
        await Assert.That(key.HostKeyAlgorithms.First().Name).IsEqualTo("ecdsa-sha2-nistp256");
    }
}
