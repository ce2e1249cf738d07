using System.Net.Sockets;
using System.Text;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

sealed class ConsoleTailTests
{
    // Writes all of a text to a console's listener, hangs up, and lets the listener take it in.
    static ConsoleTail Heard(TempDirectory directory, string text)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["console.sock"]));
        listener.Listen();
        var tail = ConsoleTail.Connect(directory["console.sock"]);
        var writing = Task.Run(() =>
        {
            using var machine = listener.Accept();
            machine.Send(Encoding.UTF8.GetBytes(text));
        });
        Hear(tail, () => tail.PollDescriptor < 0);
        writing.Wait();
        return tail;
    }

    static void Hear(ConsoleTail tail, Func<bool> isEnough)
    {
        while (!isEnough() && Poll.Readable(Deadline.In(TimeSpan.FromSeconds(10)), tail.PollDescriptor) == 0)
            tail.Drain();
    }

    [Test]
    [Arguments("", null)]
    [Arguments("\r\n\r\n", null)]
    [Arguments("one\r\ntwo\r\n", "two")]
    [Arguments("one\ntwo without end", "two without end")]
    [Arguments("[ 1.0] Kernel panic - not syncing: No init found\r\n[ 1.1] CPU: 0\r\n[ 1.2] ---[ end ]---\r\n", "[ 1.0] Kernel panic - not syncing: No init found")]
    [Arguments("vmappliance: start /x: no such file\r\n(hint: import the image again)\r\n[ 2.0] reboot: Power down\r\n", "vmappliance: start /x: no such file")]
    [Arguments("\u001b[31mred\u001b[0m\a\n", "[31mred[0m")]
    public async Task The_last_words_are_a_panic_if_there_was_one_else_the_last_line(string text, string? words)
    {
        using var directory = new TempDirectory();
        using var tail = Heard(directory, text);
        await Assert.That(tail.LastWords()).IsEqualTo(words);
    }

    [Test]
    public async Task A_machine_that_talks_without_end_fills_no_memory_and_its_end_is_kept()
    {
        using var directory = new TempDirectory();
        using var tail = Heard(directory, new string('x', 3 << 20) + "\nthe end\n");
        await Assert.That(tail.Text.Length).IsEqualTo(64 * 1024);
        await Assert.That(tail.LastWords()).IsEqualTo("the end");
    }

    [Test]
    public async Task A_console_that_cannot_be_had_is_silent_and_never_waited_for()
    {
        using var directory = new TempDirectory();
        using var tail = ConsoleTail.Connect(directory["none.sock"]);
        tail.Drain();
        await Assert.That((tail.PollDescriptor, tail.LastWords())).IsEqualTo((-1, null));
    }

    [Test]
    public async Task A_console_with_a_full_queue_is_not_waited_for()
    {
        using var directory = new TempDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["console.sock"]));
        listener.Listen(0);
        var tails = Enumerable.Range(0, 4).Select(_ => ConsoleTail.Connect(directory["console.sock"])).ToList();
        await Assert.That(tails[^1].PollDescriptor).IsEqualTo(-1);
        tails.ForEach(t => t.Dispose());
    }

    [Test]
    public async Task A_socket_that_is_given_away_is_listened_to_like_one_that_was_connected()
    {
        using var directory = new TempDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["console.sock"]));
        listener.Listen();
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(directory["console.sock"]));
        using var machine = listener.Accept();
        using var tail = ConsoleTail.Over(socket);
        tail.Drain();
        await Assert.That((tail.PollDescriptor >= 0, tail.Text)).IsEqualTo((true, ""));
        machine.Send("hello\n"u8);
        tail.Drain();
        await Assert.That(tail.LastWords()).IsEqualTo("hello");
    }

    [Test]
    public async Task A_terminal_is_listened_to_until_its_other_side_is_gone()
    {
        using var terminal = new Terminal();
        using var tail = ConsoleTail.Listen(terminal.Path);
        tail.Drain();
        await Assert.That((tail.PollDescriptor >= 0, tail.Text)).IsEqualTo((true, ""));
        terminal.Write("one\ntwo\n");
        Hear(tail, () => tail.Text.EndsWith("two\n", StringComparison.Ordinal));
        await Assert.That((tail.PollDescriptor >= 0, tail.Text)).IsEqualTo((true, "one\ntwo\n"));
        terminal.HangUp();
        Hear(tail, () => tail.PollDescriptor < 0);
        await Assert.That((tail.PollDescriptor, tail.LastWords())).IsEqualTo((-1, "two"));
    }

    [Test]
    public async Task A_terminal_that_is_not_there_or_is_a_link_is_silent()
    {
        using var directory = new TempDirectory();
        using var terminal = new Terminal();
        File.CreateSymbolicLink(directory["link"], terminal.Path);
        foreach (var path in new[] { directory["none"], directory["link"] })
        {
            using var tail = ConsoleTail.Listen(path);
            tail.Drain();
            await Assert.That((tail.PollDescriptor, tail.LastWords())).IsEqualTo((-1, null));
        }
    }
}
