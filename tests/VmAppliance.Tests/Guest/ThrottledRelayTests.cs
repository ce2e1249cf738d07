using System.Diagnostics;
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

    // Linux' delayed acknowledgement is 40 ms: twenty of them, where the second packet waits for it.
    [Test]
    public async Task The_second_of_two_small_packets_does_not_wait_for_an_answer_to_the_first()
    {
        const int Turns = 20;
        using var machine = new TcpListener(IPAddress.Loopback, 0);
        machine.Start();
        using var relay = new ThrottledRelay((IPEndPoint)machine.LocalEndpoint, () => true);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(relay.EndPoint);
        using var sshd = await machine.AcceptSocketAsync();
        var answers = Task.Run(() =>
        {
            for (var i = 0; i < Turns && sshd.Receive(new byte[1]) == 1; i++)
                for (var part = 0; part < 2; part++)
                    sshd.Send(new byte[1]);
        });
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Turns; i++)
        {
            client.Send(new byte[1]);
            for (var received = 0; received < 2;)
                received += client.Receive(new byte[2]);
        }
        await answers;
        await Assert.That(Stopwatch.GetElapsedTime(started).TotalMilliseconds).IsLessThan(Turns * 40 / 2);
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
