using VmAppliance.Hypervisors;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>One copy of a frozen machine's memory for all, and nobody but root decides what is in it.</summary>
[RequiresRoot]
sealed class SharedMemoryTests
{
    const string Text = "what the frozen machine knew";

    /// <summary>A process of a machine, which has the memory.</summary>
    sealed class Holder : IDisposable
    {
        readonly int _pid;

        public Holder(Descriptor held)
        {
            using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
            _pid = Spawn.Start("sleep", ["sleep"u8.ToArray(), "600"u8.ToArray()], CommandRunner.CleanEnvironment, [nothing.Number, nothing.Number, nothing.Number, held.Number]);
        }

        public MachineReference Machine => new(_pid, ProcessStatus.Of(_pid)!.StartTicks, Guid.Empty);

        public void Dispose()
        {
            Kill.Process(_pid, Kill.SIGKILL);
            ProcessHandle.Reap(_pid);
        }
    }

    static SharedMemory Open(string name, string file, params MachineReference[] machines) => SharedMemory.Open(name, file, () => machines);

    static string Name() => $"vma-test-{Guid.NewGuid():N}";

    static long Inode(Descriptor memory) => long.Parse(new string([.. new FileInfo($"/proc/self/fdinfo/{memory.Number}").OpenText().ReadToEnd()
        .Split('\n').First(l => l.StartsWith("ino:", StringComparison.Ordinal)).Where(char.IsAsciiDigit)]), System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public async Task It_is_the_file_and_nobody_can_write_to_it()
    {
        using var directory = new TempDirectory();
        using var shared = Open(Name(), directory.Write("memory", Text));
        var memory = shared.Content;
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
        var first = Open(name, file);
        var inode = Inode(first.Content);
        using var holder = new Holder(first.Content);
        first.Dispose();
        using (var second = Open(name, file, new MachineReference(1 << 22, 1, Guid.Empty), holder.Machine))
            await Assert.That(Inode(second.Content)).IsEqualTo(inode);
        using (var other = Open(Name(), file, holder.Machine))
            await Assert.That(Inode(other.Content)).IsNotEqualTo(inode);
        // Another process of the same number.
        using (var later = Open(name, file, holder.Machine with { StartTicks = 1 }))
            await Assert.That(Inode(later.Content)).IsNotEqualTo(inode);
    }

    [Test]
    public async Task Who_comes_while_the_first_reads_it_waits_for_the_machine_of_the_first()
    {
        using var directory = new TempDirectory();
        var (name, file) = (Name(), directory.Write("memory", Text));
        List<MachineReference> known = [];
        var first = Open(name, file);
        var inode = Inode(first.Content);
        using var asked = new SemaphoreSlim(0);
        var second = Task.Run(() => SharedMemory.Open(name, file, () =>
        {
            asked.Release();
            return known;
        }));
        await asked.WaitAsync();
        using var holder = new Holder(first.Content);
        known = [holder.Machine];
        first.Dispose();
        using var memory = await second;
        await Assert.That(Inode(memory.Content)).IsEqualTo(inode);
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
        using var holder = new Holder(decoy);
        using var memory = Open(name, file, holder.Machine);
        await Assert.That(memory.Content.Text()).IsEqualTo(Text);
    }

    [Test]
    public async Task A_pipe_with_its_name_holds_nobody_up()
    {
        using var directory = new TempDirectory();
        var (name, file) = (Name(), directory.Write("memory", Text));
        // What the kernel calls a memory file can be a path, in the root directory that a process has chosen.
        var path = $"/memfd:{name} (deleted)";
        Files.MakePipe(path, 0x180, 0, -1);
        try
        {
            using var pipe = Descriptor.Open(path, OpenMode.Read | OpenMode.NonBlocking);
            using var holder = new Holder(pipe);
            var opened = Task.Run(() => Open(name, file, holder.Machine));
            using var memory = await opened.WaitAsync(TimeSpan.FromSeconds(10));
            await Assert.That(memory.Content.Text()).IsEqualTo(Text);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
