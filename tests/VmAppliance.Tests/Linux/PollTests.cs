using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class PollTests
{
    [Test]
    public async Task The_first_ready_descriptor_is_told()
    {
        var (readA, writeA) = Descriptor.Pipe();
        var (readB, writeB) = Descriptor.Pipe();
        using (readA)
        using (writeA)
        using (readB)
        using (writeB)
        {
            writeB.WriteAll("x"u8);
            await Assert.That(Poll.Readable(Deadline.None, readA.Number, readB.Number)).IsEqualTo(1);
            writeA.WriteAll("x"u8);
            await Assert.That(Poll.Readable(Deadline.None, readA.Number, readB.Number)).IsEqualTo(0);
            await Assert.That(Poll.Readable(Deadline.None, -1, readB.Number)).IsEqualTo(1);
        }
    }

    [Test]
    public async Task A_closed_peer_is_ready()
    {
        var (read, write) = Descriptor.Pipe();
        write.Dispose();
        using (read)
            await Assert.That(Poll.Readable(Deadline.None, read.Number)).IsEqualTo(0);
    }

    [Test]
    public async Task When_nothing_happens_the_deadline_ends_the_wait()
    {
        var (read, write) = Descriptor.Pipe();
        using (read)
        using (write)
        {
            var begin = Environment.TickCount64;
            await Assert.That(Poll.Readable(Deadline.In(TimeSpan.FromMilliseconds(30)), read.Number)).IsEqualTo(-1);
            await Assert.That(Environment.TickCount64 - begin).IsGreaterThanOrEqualTo(20).And.IsLessThan(5000);
        }
    }

    [Test]
    public async Task A_deadline_has_passed_at_once_or_never_or_far_from_now()
    {
        var deadline = Deadline.In(TimeSpan.Zero);
        await Assert.That((deadline.Passed, deadline.Milliseconds)).IsEqualTo((true, 0));
        await Assert.That((Deadline.None.Passed, Deadline.None.Milliseconds)).IsEqualTo((false, -1));
        await Assert.That((Deadline.In(TimeSpan.FromDays(100)).Passed, Deadline.In(TimeSpan.FromDays(100)).Milliseconds)).IsEqualTo((false, int.MaxValue));
    }

    [Test]
    public async Task A_descriptor_that_is_not_open_is_told_at_once() =>
        await Assert.That(Poll.Readable(Deadline.None, 1_000_000)).IsEqualTo(0);
}
