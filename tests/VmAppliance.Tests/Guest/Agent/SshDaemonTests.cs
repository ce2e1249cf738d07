using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using VmAppliance.Guest;
using VmAppliance.Guest.Agent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest.Agent;

/// <summary>The real sshd.</summary>
sealed class SshDaemonTests : IDisposable
{
    readonly TempDirectory _directory = new();
    readonly ConcurrentQueue<string> _said = [];

    /// <summary>Must be there.</summary>
    [ClassDataSource<SshdDirectory>(Shared = SharedType.PerTestSession)]
    public required SshdDirectory Sshd { get; init; }

    string HostKey => $"{_directory.Path}/key";

    string Listening => $"{_directory.Path}/pid";

    SshDaemon Start(int port, bool waits, string more = "") => SshDaemon.Start(
        _directory.Write("config", $"HostKey {HostKey}\nPidFile {Listening}\nListenAddress 127.0.0.1:{port}\n{more}"), Listening, HostKey, waits, _said.Enqueue);

    static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    static string Greeting(int port)
    {
        using var client = new TcpClient("127.0.0.1", port);
        using var lines = new StreamReader(client.GetStream());
        return lines.ReadLine() ?? "";
    }

    [Test]
    public async Task It_waits_for_its_key_and_then_serves_and_when_it_is_stopped_nobody_does()
    {
        var port = FreePort();
        var daemon = Start(port, waits: true);
        using (var gate = daemon.AwaitKeyWanted())
        {
            await Assert.That(() => Greeting(port)).Throws<SocketException>();
            var key = SshKeyPair.Create().PrivateKey;
            Files.Replace(HostKey, Encoding.ASCII.GetBytes(key), 0x180);
            gate.WriteAll(Encoding.ASCII.GetBytes(key));
        }
        daemon.AwaitListening();
        await Assert.That(Greeting(port)).StartsWith("SSH-2.0-OpenSSH");
        daemon.Stop();
        await Assert.That(Directory.Exists($"/proc/{daemon.Pid}")).IsFalse();
        await Assert.That(() => Greeting(port)).Throws<SocketException>();
    }

    [Test]
    public async Task One_that_cannot_serve_tells_why_and_nobody_waits_for_it()
    {
        _directory.Write("key", "no key\n", 0x180);
        var failure = await Assert.That(Start(FreePort(), waits: false).AwaitListening).Throws<IOException>();
        await Assert.That(failure!.Message).StartsWith("sshd ended: sshd: no hostkeys available");
        await Assert.That(_said).Contains(failure.Message["sshd ended: ".Length..]);
    }

    [Test]
    public async Task One_that_ends_before_it_wants_its_key_tells_why()
    {
        var failure = await Assert.That(() => Start(FreePort(), waits: true, "NoSuchSetting yes\n").AwaitKeyWanted()).Throws<IOException>();
        await Assert.That(failure!.Message).Contains("terminating, 1 bad configuration options");
    }

    [Test]
    [Arguments("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.20 7 Apr 2026", true)]
    [Arguments("unknown option -- ?\nOpenSSH_8.0p1, OpenSSL 1.1.1k  FIPS 25 Mar 2021\nusage: sshd", true)]
    [Arguments("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017", false)]
    [Arguments("OpenSSH_9.9, LibreSSL 4.0.0", false)]
    [Arguments("", false)]
    public async Task Only_one_whose_random_numbers_are_its_own_may_go_on_in_many_machines(string version, bool may) =>
        await Assert.That(SshDaemon.MayBeMultiplied(version)).IsEqualTo(may);

    public void Dispose() => _directory.Dispose();
}
