using System.Text;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

sealed class RawOutputTests
{
    [Test]
    public async Task Bytes_arrive_at_once()
    {
        var (read, write) = Descriptor.Pipe();
        using (read)
        using (write)
        using (var output = new RawOutput(write.Number, e => throw e))
        {
            output.Write("ab"u8);
            output.Write([0, 99, 100, 1], 1, 2);
            var buffer = new byte[16];
            await Assert.That(Encoding.ASCII.GetString(buffer, 0, read.Read(buffer))).IsEqualTo("abcd");
        }
    }

    [Test]
    public async Task When_nobody_reads_any_more_it_says_so_once_and_swallows_the_rest()
    {
        var (read, write) = Descriptor.Pipe();
        read.Dispose();
        var told = new List<int>();
        using (write)
        using (var output = new RawOutput(write.Number, e => told.Add(e.Errno)))
            for (var i = 0; i < 3; i++)
                output.Write("x"u8);
        await Assert.That(told.Single()).IsEqualTo(Errno.EPIPE);
    }

    [Test]
    public async Task A_full_disk_is_told()
    {
        var told = new List<int>();
        using var full = Descriptor.Open("/dev/full", OpenMode.Write);
        using var output = new RawOutput(full.Number, e => told.Add(e.Errno));
        output.Write("x"u8);
        await Assert.That(told.Single()).IsEqualTo(Errno.ENOSPC);
    }
}
