using System.Net;
using System.Net.Sockets;
using VmAppliance.Guest;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Guest;

/// <summary>The relay in front of a machine's sshd, on a network where nobody has that address yet.</summary>
sealed class ThrottledRelayTests
{
    const string Address = "192.0.2.10";
    const int Port = 2222;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task A_machine_that_the_network_does_not_know_at_once_is_asked_for_again()
    {
        Tool.Run("modprobe", "veth");
        Tool.Run("ip", "link", "add", "vma-near", "type", "veth", "peer", "name", "vma-far");
        try
        {
            Tool.Run("ip", "link", "set", "vma-far", "up");
            Tool.Run("ip", "link", "set", "vma-near", "up");
            Tool.Run("ip", "address", "add", "192.0.2.1/24", "dev", "vma-near");
            using var machine = new TcpListener(IPAddress.Any, Port);
            machine.Start();
            using var relay = new ThrottledRelay(IPEndPoint.Parse($"{Address}:{Port}"), () => true);
            using var client = new TcpClient();
            await client.ConnectAsync(relay.EndPoint);
            await Eventually.So("the kernel's word that there is no way", () => relay.Failure is not null, () => "no failure");

            Tool.Run("ip", "address", "add", $"{Address}/32", "dev", "lo");
            using var deadline = new CancellationTokenSource(s_patience);
            using var accepted = await machine.AcceptSocketAsync(deadline.Token);
            await client.GetStream().WriteAsync(new byte[] { 42 }, deadline.Token);
            var received = new byte[2];
            await Assert.That(accepted.Receive(received)).IsEqualTo(1);
            await Assert.That(received[0]).IsEqualTo((byte)42);
            await Assert.That(relay.Failure).IsNull();
        }
        finally
        {
            Tool.Run("ip", "link", "delete", "vma-near");
            Tool.Try("ip", "address", "delete", $"{Address}/32", "dev", "lo");
        }
    }
}
