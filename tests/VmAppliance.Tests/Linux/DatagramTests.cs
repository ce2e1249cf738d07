using System.Net.Sockets;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class DatagramTests
{
    static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    [Test]
    public async Task A_message_arrives_whole()
    {
        using var directory = new TempDirectory();
        using var receiver = Listen(directory["log"]);
        await Assert.That(Datagram.TrySend(directory["log"], "<30>vmappliance: ä"u8)).IsTrue();
        var buffer = new byte[100];
        await Assert.That(Encoding.UTF8.GetString(buffer, 0, receiver.Receive(buffer))).IsEqualTo("<30>vmappliance: ä");
    }

    [Test]
    public async Task Where_nobody_listens_nothing_is_sent()
    {
        using var directory = new TempDirectory();
        await Assert.That(Datagram.TrySend(directory["log"], "x"u8)).IsFalse();
        await Assert.That(Datagram.TrySend("/" + new string('x', 200), "x"u8)).IsFalse();
    }

    [Test]
    public async Task A_receiver_that_does_not_read_holds_nobody_up()
    {
        using var directory = new TempDirectory();
        using var receiver = Listen(directory["log"]);
        var sent = 0;
        while (sent < 100_000 && Datagram.TrySend(directory["log"], new byte[1000]))
            sent++;
        await Assert.That(sent).IsGreaterThan(0).And.IsLessThan(100_000);
    }
}
