using System.Net;
using System.Net.Sockets;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

sealed class RawInputTests
{
    [Test]
    public async Task An_input_that_cannot_be_read_is_at_its_end()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        using var input = await listener.AcceptSocketAsync();
        client.GetStream().Write("x"u8);
        // Closed so, it ends by a reset: socket(7), SO_LINGER.
        client.LingerState = new LingerOption(true, 0);
        var stream = new RawInput(Descriptor.Of(input));
        await Assert.That(stream.Read(new byte[9], 0, 9)).IsEqualTo(1);
        client.Dispose();
        await Assert.That(stream.Read(new byte[9], 0, 9)).IsEqualTo(0);
        // A directory is another one.
        using var directory = Descriptor.Open("/", OpenMode.Read);
        await Assert.That(new RawInput(directory.Number).Read(new byte[9], 0, 9)).IsEqualTo(0);
    }

    [Test]
    public async Task An_input_that_does_not_block_is_waited_for()
    {
        using var directory = new TempDirectory();
        Files.MakePipe(directory["pipe"], 0x180, Host.EffectiveUser, -1);
        using var pipe = Descriptor.Open(directory["pipe"], OpenMode.ReadWrite | OpenMode.NonBlocking);
        var read = Task.Run(() => new RawInput(pipe.Number).Read(new byte[9], 0, 9));
        await Assert.That(await Task.WhenAny(read, Task.Delay(100)) == read).IsFalse();
        pipe.WriteAll("abc"u8);
        await Assert.That(await read).IsEqualTo(3);
    }
}
