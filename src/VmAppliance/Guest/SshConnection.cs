using System.Net;
using System.Text;
using Renci.SshNet;

namespace VmAppliance.Guest;

/// <summary>How ssh is spoken to a machine.</summary>
static class SshConnection
{
    // Both ends are ours, on one node or its bridge, with keys that live as long as a job: the cheapest of the sound algorithms are the best.
    static readonly string[] KeyExchanges = ["ecdh-sha2-nistp256", "curve25519-sha256", "curve25519-sha256@libssh.org"];
    static readonly string[] Ciphers = ["aes128-gcm@openssh.com", "aes128-ctr"];
    static readonly string[] HostKeys = [SshKeyPair.Algorithm];

    static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(60);

    /// <summary>Where a machine's sshd is.</summary>
    public static IPEndPoint Target(GuestAccess access) => new(IPAddress.Parse(access.Address), access.Port);

    /// <summary>A client that has not connected yet; it will accept the lease's host key and no other.</summary>
    /// <param name="access">The way in.</param>
    /// <param name="endPoint">Where to connect to, if not to the machine itself.</param>
    public static SshClient Client(GuestAccess access, IPEndPoint endPoint)
    {
        var key = new PrivateKeyFile(new MemoryStream(Encoding.ASCII.GetBytes(access.PrivateKey)));
        var connection = new ConnectionInfo(endPoint.Address.ToString(), endPoint.Port, access.User,
            new PrivateKeyAuthenticationMethod(access.User, key)) { Timeout = ConnectPatience };
        Keep(connection.KeyExchangeAlgorithms, KeyExchanges);
        Keep(connection.Encryptions, Ciphers);
        Keep(connection.HostKeyAlgorithms, HostKeys);
        var client = new SshClient(connection);
        client.HostKeyReceived += (_, e) => e.CanTrust = e.FingerPrintSHA256 == access.HostKeyFingerprint;
        return client;
    }

    static void Keep<T>(IDictionary<string, T> offered, string[] wanted)
    {
        foreach (var name in offered.Keys.Except(wanted).ToList())
            offered.Remove(name);
    }
}
