using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VmAppliance.Guest;
using VmAppliance.Linux;

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

    // A process of somebody else's, which holds what it gets until its input ends.
    static Child Stranger(IPEndPoint relay, int knocks) => Child.Start("/bin/bash", [B("bash"), B("-c"), B(
        $"for i in $(seq {knocks}); do exec {{c}}<>/dev/tcp/{relay.Address}/{relay.Port} || exit 1; done 2>&-; cat <&$c 2>&-; echo closed; cat")], [B("PATH=/usr/bin:/bin")]);

    static byte[] B(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    [Test]
    public async Task Strangers_are_turned_away_and_take_neither_a_thread_nor_our_place()
    {
        const int Knocks = 300;
        using var machine = new TcpListener(IPAddress.Loopback, 0);
        machine.Start();
        using var relay = new ThrottledRelay((IPEndPoint)machine.LocalEndpoint, () => true);
        var threads = Process.GetCurrentProcess().Threads.Count;
        using var stranger = Stranger(relay.EndPoint, Knocks);
        await Assert.That(System.Text.Encoding.ASCII.GetString(stranger.ReadToEnd())).IsEqualTo("closed\n");
        await Assert.That(machine.Pending()).IsFalse();
        await Assert.That(Process.GetCurrentProcess().Threads.Count - threads).IsLessThan(Knocks / 10);

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(relay.EndPoint);
        using var sshd = await machine.AcceptSocketAsync();
        client.Send([42]);
        await Assert.That(sshd.Receive(new byte[1])).IsEqualTo(1);
    }

    [Test]
    public async Task Nobody_listens_any_more_once_somebody_of_this_process_is_served()
    {
        using var machine = new TcpListener(IPAddress.Loopback, 0);
        machine.Start();
        using var relay = new ThrottledRelay((IPEndPoint)machine.LocalEndpoint, () => true);
        // Of both families, as SSH.NET's is.
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(relay.EndPoint);
        using var sshd = await machine.AcceptSocketAsync();
        // A child that another test has just started may hold what listens for as long as it needs to its exec.
        var deadline = Deadline.In(TimeSpan.FromSeconds(10));
        while (await Answers(relay.EndPoint))
            await Assert.That(deadline.Passed).IsFalse();
    }

    static async Task<bool> Answers(IPEndPoint endPoint)
    {
        try
        {
            using var knock = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await knock.ConnectAsync(endPoint);
            return true;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode != SocketError.ConnectionRefused;
        }
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
