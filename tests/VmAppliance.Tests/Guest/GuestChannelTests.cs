using System.Text;
using VmAppliance.Guest;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest;

sealed class GuestChannelTests
{
    static GuestMessage? Parse(string line) => GuestChannel.Parse(Encoding.UTF8.GetBytes(line));

    [Test]
    public async Task Each_message_is_read()
    {
        await Assert.That(Parse("{\"hello\":true}")).IsEqualTo(new GuestMessage { Hello = true });
        await Assert.That(Parse("{\"ready\":true}")).IsEqualTo(new GuestMessage { Ready = true });
        await Assert.That(Parse("{\"error\":\"no sshd\"}")).IsEqualTo(new GuestMessage { Error = "no sshd" });
        await Assert.That(Parse("{\"timeNanoseconds\":1700000000000000001}")).IsEqualTo(new GuestMessage { TimeNanoseconds = 1_700_000_000_000_000_001 });
        await Assert.That(Parse(" {\"ready\":true,\"future\":[1]}\r")).IsEqualTo(new GuestMessage { Ready = true });
    }

    [Test]
    [Arguments("")]
    [Arguments("null")]
    [Arguments("ready")]
    [Arguments("[]")]
    [Arguments("{\"ready\":")]
    [Arguments("{\"ready\":1}")]
    [Arguments("{\"ready\":true}{\"ready\":true}")]
    [Arguments("{\"identity\":5}")]
    [Arguments("\0\0\0")]
    public async Task What_is_no_message_is_none(string line) => await Assert.That(Parse(line)).IsNull();

    [Test]
    public async Task Bytes_that_are_no_text_and_deep_nesting_are_no_message()
    {
        await Assert.That(GuestChannel.Parse([0x7B, 0xFF, 0xFE, 0x7D])).IsNull();
        await Assert.That(Parse(new string('[', 100_000))).IsNull();
    }

    [Test]
    public async Task Node_and_guest_talk_through_two_pipes_and_noise_is_skipped()
    {
        using var directory = new TempDirectory();
        Files.MakePipe(directory["port.in"], 0x180, Host.EffectiveUser, -1);
        Files.MakePipe(directory["port.out"], 0x180, Host.EffectiveUser, -1);
        using var channel = GuestChannel.Open(directory["port"]);
        await Assert.That(Poll.Readable(Deadline.In(TimeSpan.Zero), channel.PollDescriptor)).IsEqualTo(-1);
        using (var guest = Descriptor.Open(directory["port.out"], OpenMode.Write))
            guest.WriteAll("kernel noise\n{\"hello\":true}\n\n{\"rea"u8);
        await Assert.That(Poll.Readable(Deadline.None, channel.PollDescriptor)).IsEqualTo(0);
        await Assert.That(channel.Receive().Single()).IsEqualTo(new GuestMessage { Hello = true });
        using (var guest = Descriptor.Open(directory["port.out"], OpenMode.Write))
            guest.WriteAll("dy\":true}\n"u8);
        await Assert.That(channel.Receive().Single()).IsEqualTo(new GuestMessage { Ready = true });

        channel.Send(new GuestMessage { Identity = Sample.Identity });
        using var listener = Descriptor.Open(directory["port.in"], OpenMode.Read);
        var buffer = new byte[65_536];
        var line = buffer.AsSpan(0, listener.Read(buffer)).ToArray();
        await Assert.That((char)line[^1]).IsEqualTo('\n');
        await Assert.That(Sample.Text(GuestChannel.Parse(line.AsSpan()[..^1])?.Identity)).IsEqualTo(Sample.Text(Sample.Identity));
    }
}
