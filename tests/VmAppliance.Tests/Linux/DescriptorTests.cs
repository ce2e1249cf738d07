using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class DescriptorTests
{
    [Test]
    public async Task Memory_takes_what_fits_and_never_more()
    {
        using var memory = Descriptor.Memory("test", 8);
        memory.WriteAll("12345678"u8);
        var failure = Assert.Throws<LinuxException>(() => memory.WriteAll("9"u8));
        await Assert.That(failure.Errno).IsEqualTo(Errno.EPERM);
        await Assert.That(memory.Text()).IsEqualTo("12345678");
    }

    [Test]
    public async Task A_child_that_fills_bounded_memory_gets_an_error_and_what_fitted_is_kept()
    {
        using var memory = Descriptor.Memory("errors", 16 * 1024);
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        var script = "i=0; while [ $i -lt 5000 ]; do echo 0123456789 || exit 3; i=$((i+1)); done";
        var pid = Spawn.Start("/bin/sh", [.. new[] { "sh", "-c", script }.Select(Encoding.UTF8.GetBytes)], [], [nothing.Number, memory.Number, nothing.Number]);
        await Assert.That(ProcessHandle.Reap(pid)).IsEqualTo(3);
        await Assert.That(memory.Text().Length).IsLessThanOrEqualTo(16 * 1024);
        await Assert.That(memory.Text()).StartsWith("0123456789\n0123456789\n");
    }

    [Test]
    public async Task The_text_of_memory_ends_at_its_first_NUL_and_can_be_read_again()
    {
        using var memory = Descriptor.Memory("test", 64);
        memory.WriteAll("grüße"u8);
        await Assert.That((memory.Text(), memory.Text())).IsEqualTo(("grüße", "grüße"));
    }

    [Test]
    public async Task Reading_tells_nothing_yet_from_the_end()
    {
        using var directory = new TempDirectory();
        Files.MakePipe(directory["p"], 0x180, Host.EffectiveUser, -1);
        using var reader = Descriptor.Open(directory["p"], OpenMode.Read | OpenMode.NonBlocking);
        var buffer = new byte[8];
        await Assert.That(reader.Read(buffer)).IsEqualTo(0);
        using var writer = Descriptor.Open(directory["p"], OpenMode.Write | OpenMode.NonBlocking);
        await Assert.That(reader.Read(buffer)).IsEqualTo(-1);
        writer.WriteAll("abc"u8);
        await Assert.That(reader.Read(buffer)).IsEqualTo(3);
    }

    [Test]
    public async Task Reading_fully_goes_on_over_short_reads_and_takes_not_a_byte_more()
    {
        var (read, write) = Descriptor.Pipe();
        using (read)
        using (write)
        {
            write.WriteAll("one"u8);
            var buffer = new byte[6];
            var reading = Task.Run(() => read.ReadFully(buffer));
            write.WriteAll("twothree"u8);
            await Assert.That((await reading, Encoding.ASCII.GetString(buffer))).IsEqualTo((6, "onetwo"));
            await Assert.That((read.Read(buffer), Encoding.ASCII.GetString(buffer, 0, 5))).IsEqualTo((5, "three"));
        }
    }

    [Test]
    public async Task Writing_to_a_pipe_that_nobody_reads_is_a_failure_and_no_death()
    {
        var (read, write) = Descriptor.Pipe();
        read.Dispose();
        using (write)
            await Assert.That(Assert.Throws<LinuxException>(() => write.WriteAll("x"u8)).Errno).IsEqualTo(Errno.EPIPE);
    }

    [Test]
    public async Task Closing_twice_closes_nothing_else()
    {
        var file = Descriptor.Open("/dev/null", OpenMode.Read);
        file.Dispose();
        await Assert.That(file.Number).IsEqualTo(-1);
        file.Dispose();
        await Assert.That(Assert.Throws<LinuxException>(() => file.Read(new byte[1])).Message).StartsWith("read ");
    }

    [Test]
    public async Task A_descriptor_that_was_taken_from_a_socket_outlives_it_and_is_closed_once()
    {
        var (taken, socket) = Taken();
        var open = Behind(taken);
        for (var i = 0; i < 10 && socket.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        await Assert.That((socket.IsAlive, open!.StartsWith("socket:[", StringComparison.Ordinal), Behind(taken))).IsEqualTo((false, true, open));
        var number = taken.Number;
        taken.Dispose();
        // It names the very socket: the number may be another's at once.
        await Assert.That(new FileInfo($"/proc/self/fd/{number}").LinkTarget).IsNotEqualTo(open);
    }

    // A frame of its own, so that nothing keeps the socket.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static (Descriptor Taken, WeakReference Socket) Taken()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        return (Descriptor.Take(socket), new WeakReference(socket));
    }

    static string? Behind(Descriptor descriptor) => new FileInfo($"/proc/self/fd/{descriptor.Number}").LinkTarget;

    [Test]
    public async Task A_file_that_cannot_be_opened_is_named()
    {
        var failure = Assert.Throws<LinuxException>(() => Descriptor.Open("/nonexistent/file", OpenMode.Read));
        await Assert.That((failure.Errno, failure.Message)).IsEqualTo((Errno.ENOENT, "open /nonexistent/file: No such file or directory"));
    }
}
