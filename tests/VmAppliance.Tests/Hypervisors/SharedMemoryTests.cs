using VmAppliance.Hypervisors;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>One copy of a frozen machine's memory for all, and nobody but root decides what is in it.</summary>
[RequiresRoot]
sealed class SharedMemoryTests
{
    const string Text = "what the frozen machine knew";

    static MachineReference Own => new(Environment.ProcessId, ProcessStatus.Of(Environment.ProcessId)!.StartTicks, Guid.Empty);

    static string Name() => $"vma-test-{Guid.NewGuid():N}";

    static long Inode(Descriptor memory) => long.Parse(new string([.. new FileInfo($"/proc/self/fdinfo/{memory.Number}").OpenText().ReadToEnd()
        .Split('\n').First(l => l.StartsWith("ino:", StringComparison.Ordinal)).Where(char.IsAsciiDigit)]), System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public async Task It_is_the_file_and_nobody_can_write_to_it()
    {
        using var directory = new TempDirectory();
        using var memory = SharedMemory.Open(Name(), directory.Write("memory", Text), []);
        await Assert.That(memory.Text()).IsEqualTo(Text);
        await Assert.That(memory.IsSealedMemory).IsTrue();
        await Assert.That(() => memory.WriteAll("x"u8)).Throws<LinuxException>();
        await Assert.That(memory.Text()).IsEqualTo(Text);
    }

    [Test]
    public async Task The_next_machine_takes_it_from_the_one_that_has_it()
    {
        using var directory = new TempDirectory();
        var (name, file) = (Name(), directory.Write("memory", Text));
        using var first = SharedMemory.Open(name, file, []);
        using var second = SharedMemory.Open(name, file, [new MachineReference(1 << 22, 1, Guid.Empty), Own]);
        using var other = SharedMemory.Open(Name(), file, [Own]);
        using var later = SharedMemory.Open(name, file, [Own with { StartTicks = 1 }]);
        await Assert.That(Inode(second)).IsEqualTo(Inode(first));
        await Assert.That(Inode(other)).IsNotEqualTo(Inode(first));
        // Another process of the same number.
        await Assert.That(Inode(later)).IsNotEqualTo(Inode(first));
    }

    [Test]
    [Arguments(false, 0)] // its owner could change it later
    [Arguments(true, 65001)] // its owner has made it
    [Arguments(true, 0)] // it is of another size
    public async Task What_an_owner_could_have_put_there_is_not_taken(bool isSealed, int uid)
    {
        using var directory = new TempDirectory();
        var (name, file) = (Name(), directory.Write("memory", Text));
        using var decoy = Descriptor.Memory(name, isSealed && uid == 0 ? Text.Length + 1 : Text.Length);
        decoy.WriteAll("what an evil owner wants"u8);
        CommandRunner.Require("give away", ["chown", $"{uid}", $"/proc/{Environment.ProcessId}/fd/{decoy.Number}"]);
        if (isSealed)
            decoy.SealMemory();
        using var memory = SharedMemory.Open(name, file, [Own]);
        await Assert.That(memory.Text()).IsEqualTo(Text);
    }
}
