using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace VmAppliance.SystemTests.Templates;

/// <summary>What a machine's sshd shows of itself to who knocks, and to who comes in with the lease's key.</summary>
/// <param name="HostKey">SHA-256 of the key by which it proves itself.</param>
/// <param name="Cookie">What it drew for this connection alone: RFC 4253, 7.1.</param>
/// <param name="SessionId">What names the session for ever, made of what both sides drew: RFC 4253, 7.2.</param>
sealed record SshEncounter(string HostKey, string Cookie, string SessionId)
{
    const int HeaderBytes = 6, CookieBytes = 16; // length, padding's length, SSH_MSG_KEXINIT
    const byte KeyExchangeInit = 20;

    /// <summary>Meets the machine of a lease.</summary>
    /// <param name="lease">The lease's directory.</param>
    public static SshEncounter Of(string lease)
    {
        var access = JsonDocument.Parse(File.ReadAllBytes($"{lease}/pass.json")).RootElement.GetProperty("access");
        var (address, port) = (access.GetProperty("address").GetString()!, access.GetProperty("port").GetInt32());
        var (user, hostKey) = (access.GetProperty("user").GetString()!, "");
        using var file = new PrivateKeyFile(new MemoryStream(Encoding.ASCII.GetBytes(access.GetProperty("privateKey").GetString()!)));
        var key = new Witness(file.HostKeyAlgorithms.First());
        using var client = new SshClient(new ConnectionInfo(address, port, user, new PrivateKeyAuthenticationMethod(user, key)));
        client.HostKeyReceived += (_, e) => hostKey = e.FingerPrintSHA256;
        client.Connect();
        return new SshEncounter(hostKey, CookieOf(address, port), key.SessionId);
    }

    static string CookieOf(string address, int port)
    {
        using var connection = new TcpClient(address, port);
        using var stream = connection.GetStream();
        stream.Write("SSH-2.0-test\r\n"u8);
        while (stream.ReadByte() is not '\n')
        {
            // Its version.
        }
        var start = new byte[HeaderBytes + CookieBytes];
        stream.ReadExactly(start);
        return start[HeaderBytes - 1] == KeyExchangeInit ? Convert.ToHexString(start[HeaderBytes..]) : throw new InvalidDataException($"message {start[HeaderBytes - 1]} comes first");
    }

    /// <summary>A key that reads what it signs: it begins with the session's identifier, RFC 4252, 7.</summary>
    sealed class Witness(HostAlgorithm key) : HostAlgorithm(key.Name), IPrivateKeySource
    {
        public string SessionId { get; private set; } = "";

        public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms => [this];

        public override byte[] Data => key.Data;

        public override byte[] Sign(byte[] data)
        {
            var length = (data[2] << 8) | data[3];
            SessionId = Convert.ToHexString(data.AsSpan(4, length));
            return key.Sign(data);
        }

        public override bool VerifySignature(byte[] data, byte[] signature) => key.VerifySignature(data, signature);
    }
}
