using System.Net;
using System.Net.Sockets;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

/// <summary>The starter's side of a session, with a machine that does not do its part.</summary>
sealed class GuestSessionTests : IDisposable
{
    readonly TcpListener _machine = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _lost = new();

    public GuestSessionTests() => _machine.Start();

    GuestAccess Access() => new("127.0.0.1", ((IPEndPoint)_machine.LocalEndpoint).Port, "alice", SshKeyPair.Create().PrivateKey, "print");

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

    async Task<Socket> Knock(Task<GuestSession> connection)
    {
        var knock = _machine.AcceptSocketAsync();
        // It ends first if it has given up; then it tells why.
        if (await Task.WhenAny(knock, connection).WaitAsync(TimeSpan.FromSeconds(20)) == connection)
            await connection;
        return await knock;
    }

    public void Dispose()
    {
        _machine.Dispose();
        _lost.Dispose();
    }
}
