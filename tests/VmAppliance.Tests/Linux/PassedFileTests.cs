using System.Net.Sockets;
using Tmds.Linux;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class PassedFileTests
{
    [Test]
    public async Task It_comes_with_the_data_and_is_the_same_open_file()
    {
        using var directory = new TempDirectory();
        var (here, there) = Pair(directory["socket"]);
        var (read, write) = Descriptor.Pipe();
        using (here)
        using (there)
        using (read)
        {
            PassedFile.Send(Descriptor.Of(here), "data"u8, write);
            write.Dispose();
            var (data, number) = Receive(Descriptor.Of(there));
            using (var passed = new Descriptor(number))
                passed.WriteAll("through"u8);
            var buffer = new byte[16];
            await Assert.That(data).IsEqualTo(4);
            await Assert.That(System.Text.Encoding.ASCII.GetString(buffer, 0, read.Read(buffer))).IsEqualTo("through");
            await Assert.That(read.Read(buffer)).IsEqualTo(0);
        }
    }

    [Test]
    public async Task Where_nobody_is_any_more_it_fails_and_no_signal_ends_this_process()
    {
        using var directory = new TempDirectory();
        var (here, there) = Pair(directory["socket"]);
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        using (here)
        {
            there.Dispose();
            await Assert.That(() => PassedFile.Send(Descriptor.Of(here), "x"u8, nothing)).Throws<LinuxException>();
        }
    }

    static (Socket, Socket) Pair(string path)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var here = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        here.Connect(new UnixDomainSocketEndPoint(path));
        return (here, listener.Accept());
    }

    static unsafe (int Data, int Number) Receive(int socket)
    {
        var data = stackalloc byte[16];
        var control = stackalloc int[6];
        iovec part = new() { iov_base = data, iov_len = 16 };
        msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = 24 };
        var count = (int)(long)LibC.recvmsg(socket, &message, 0);
        return (count, control[4]);
    }
}
