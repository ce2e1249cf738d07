using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>The console of a domain that runs already: a link in the lease's directory to a terminal that its owner may read.</summary>
sealed class DomainConsoleTests
{
    static ConsoleTail Open(TempDirectory directory, Terminal terminal, int mode)
    {
        File.SetUnixFileMode(terminal.Path, (UnixFileMode)mode);
        File.CreateSymbolicLink(directory["console"], terminal.Path);
        return DomainConsole.Open(directory.Path);
    }

    [Test]
    public async Task A_terminal_that_was_given_to_the_owner_is_listened_to()
    {
        using var directory = new TempDirectory();
        using var terminal = new Terminal();
        using var tail = Open(directory, terminal, 0x100 /* 0400 */);
        terminal.Write("hello\n");
        await Assert.That(Poll.Readable(Deadline.In(TimeSpan.FromSeconds(10)), tail.PollDescriptor)).IsEqualTo(0);
        tail.Drain();
        await Assert.That(tail.LastWords()).IsEqualTo("hello");
    }

    [Test]
    [Arguments(0x190 /* 0620 */)]
    [Arguments(0x180 /* 0600 */)]
    [Arguments(0x124 /* 0444 */)]
    public async Task A_terminal_that_is_somebody_elses_by_now_is_not(int mode)
    {
        using var directory = new TempDirectory();
        using var terminal = new Terminal();
        using var tail = Open(directory, terminal, mode);
        await Assert.That(tail.PollDescriptor).IsEqualTo(-1);
    }

    [Test]
    public async Task A_terminal_that_is_gone_is_silent()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["console"], "/dev/pts/none");
        using var tail = DomainConsole.Open(directory.Path);
        await Assert.That((tail.PollDescriptor, tail.LastWords())).IsEqualTo((-1, null));
    }

    [Test]
    [Arguments(".")]
    [Arguments("gone")]
    public async Task A_lease_that_has_no_console_or_is_gone_is_silent(string lease)
    {
        using var directory = new TempDirectory();
        using var tail = DomainConsole.Open(directory[lease]);
        await Assert.That((tail.PollDescriptor, tail.LastWords())).IsEqualTo((-1, null));
    }
}
