using System.Net;
using System.Net.Sockets;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Guest.Agent;
using VmAppliance.Tests.Guest.Agent;

namespace VmAppliance.Tests.Guest;

/// <summary>The starter's side of a session, with a machine that does not do its part.</summary>
sealed class GuestSessionTests : IDisposable
{
    readonly TcpListener _machine = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _lost = new();

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>A real sshd's, which must be there.</summary>
    [ClassDataSource<SshdDirectory>(Shared = SharedType.PerTestSession)]
    public required SshdDirectory Sshd { get; init; }

    int Port { get; }

    public GuestSessionTests()
    {
        _machine.Start();
        Port = ((IPEndPoint)_machine.LocalEndpoint).Port;
    }

    GuestAccess Access() => new("127.0.0.1", Port, "alice", SshKeyPair.Create().PrivateKey, "print");

    [Test]
    public async Task Who_is_turned_away_because_too_many_knock_comes_again()
    {
        var connection = Task.Run(() => GuestSession.Connect(Access(), null, _lost.Token));
        using (var first = await Knock(connection))
            first.Send("Exceeded MaxStartups\r\n"u8);
        (await Knock(connection)).Dispose();
        using var third = await Knock(connection);
        await _lost.CancelAsync();
        await Assert.That(async () => await connection).Throws<ApplianceException>();
    }

    // A machine that takes the connection and never says a word; then one whose session, a real sshd's, does not come to the launcher.
    [Test]
    public async Task A_connection_that_stalls_ends_when_nobody_waits_any_more()
    {
        var connection = Task.Run(() => GuestSession.Connect(Access(), null, _lost.Token));
        using var silent = await Knock(connection);
        await _lost.CancelAsync();
        await Assert.That(async () => await connection.WaitAsync(s_patience)).Throws<ApplianceException>();
    }

    [Test]
    [RequiresRoot]
    [Arguments("exec sleep 1000", true)]
    [Arguments("exit 3", false)]
    public async Task A_session_that_stalls_or_ends_before_its_job_has_not_started_it(string command, bool stalls)
    {
        using var directory = new TempDirectory();
        SshKeyPair host = SshKeyPair.Create(), client = SshKeyPair.Create();
        directory.Write("key", host.PrivateKey, 0x180);
        directory.Write("keys", $"{client.PublicLine}\n", 0x180);
        _machine.Stop();
        var port = Port;
        var daemon = SshDaemon.Start(directory.Write("config", $"HostKey {directory["key"]}\nPidFile {directory["pid"]}\nListenAddress 127.0.0.1:{port}\n"
            + $"AuthorizedKeysFile {directory["keys"]}\nStrictModes no\nPermitRootLogin yes\nForceCommand {command}\n"), directory["pid"], directory["key"], waits: false, _ => { });
        try
        {
            daemon.AwaitListening();
            using var session = GuestSession.Connect(new GuestAccess("127.0.0.1", port, "root", client.PrivateKey, host.Fingerprint), null, _lost.Token);
            var run = session.Run(JobSpec.Shell("true", "AB"), Stream.Null, Stream.Null, Stream.Null, () => true);
            if (stalls)
            {
                await Assert.That(await Task.WhenAny(run, Task.Delay(500)) == run).IsFalse();
                await _lost.CancelAsync();
            }
            var result = await run.WaitAsync(s_patience);
            await Assert.That((result.Started, result.End)).IsEqualTo((false, (JobEnd?)null));
            await Assert.That(result.Loss).IsEqualTo(stalls ? "the machine ended" : "the connection ended with status 3");
        }
        finally
        {
            daemon.Stop();
        }
    }

    async Task<Socket> Knock(Task<GuestSession> connection)
    {
        var knock = _machine.AcceptSocketAsync();
        // It ends first if it has given up; then it tells why.
        if (await Task.WhenAny(knock, connection).WaitAsync(s_patience) == connection)
            await connection;
        return await knock;
    }

    public void Dispose()
    {
        _machine.Dispose();
        _lost.Dispose();
    }
}
