using System.Net;
using System.Net.Sockets;
using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class ThrottledRelayTests
{
    [Test]
    public async Task A_relay_that_is_closed_leaves_nobody_connected_to_the_machine()
    {
        using var machine = new TcpListener(IPAddress.Loopback, 0);
        machine.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var relay = new ThrottledRelay((IPEndPoint)machine.LocalEndpoint, () => true);
        await client.ConnectAsync(relay.EndPoint);
        using var sshd = await machine.AcceptSocketAsync();
        relay.Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await Assert.That(async () => await IsOver(sshd, patience.Token)).IsTrue();
    }

    static async Task<bool> IsOver(Socket connection, CancellationToken patience)
    {
        try
        {
            return await connection.ReceiveAsync(new byte[1], patience) == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }
}
