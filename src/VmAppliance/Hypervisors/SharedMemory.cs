using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>
/// The memory of a frozen machine, as it is handed to machines that are resumed from it: one copy for all of them, in a memory file that
/// nobody can write to any more. No process keeps it: whoever needs it takes it from a machine that runs, or, being the first, reads it in.
/// Of many that start at once the first reads, and the others wait until his machine is known.
/// </summary>
sealed class SharedMemory : IDisposable
{
    static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(5);

    readonly FileLock? _turn;

    SharedMemory(Descriptor content, FileLock? turn) => (Content, _turn) = (content, turn);

    /// <summary>The memory file.</summary>
    public Descriptor Content { get; }

    // A machine has no more descriptors from us than this. To list its directory would look at each of them, and on a file system of its owner's
    // that can take for ever.
    const int MostDescriptors = 64;

    /// <summary>Opens it. Whoever has it must make his machine known before he disposes of it: others may be waiting for that.</summary>
    /// <param name="name">Unlike that of any other memory.</param>
    /// <param name="file">Where it is on disk.</param>
    /// <param name="machines">Tells which processes are machines that may have it, as of now.</param>
    /// <exception cref="LinuxException">It cannot be read, or there is no memory left.</exception>
    public static SharedMemory Open(string name, string file, Func<IEnumerable<MachineReference>> machines)
    {
        var bytes = new FileInfo(file).Length;
        Descriptor? Borrowed() => machines().Select(m => Borrow(m, name, bytes)).FirstOrDefault(m => m is not null);
        if (Borrowed() is { } running)
            return new SharedMemory(running, null);
        // Whoever has the turn and was stopped must not stop all others: it costs them memory, and no more.
        var turn = FileLock.Wait(file, TurnPatience);
        try
        {
            if (Borrowed() is not { } known)
                return new SharedMemory(Read(name, file, bytes), turn);
            turn?.Dispose();
            return new SharedMemory(known, null);
        }
        catch
        {
            turn?.Dispose();
            throw;
        }
    }

    static Descriptor Read(string name, string file, long bytes)
    {
        var memory = Descriptor.Memory(name, bytes);
        try
        {
            using var source = Descriptor.Open(file, OpenMode.Read | OpenMode.NoFollow);
            SparseCopy.Run(source, memory);
            memory.SealMemory();
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    static Descriptor? Borrow(MachineReference machine, string name, long bytes)
    {
        using var process = ProcessHandle.Open(machine.Pid, machine.StartTicks);
        if (process is null)
            return null;
        try
        {
            var number = Enumerable.Range(0, MostDescriptors).FirstOrDefault(n => ForeignMemory.NameOf(machine.Pid, n) == name, -1);
            return number < 0 ? null : Proven(machine.Pid, number, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended.
            return null;
        }
    }

    // The process is its owner's, who could put anything there, under any name; but not what root has made and sealed.
    static Descriptor? Proven(int process, int number, long bytes)
    {
        using var unopened = ForeignMemory.Take(process, number);
        if (unopened is null || Files.Facts(unopened).Size != bytes)
            return null;
        var memory = Descriptor.Open($"/proc/self/fd/{unopened.Number}", OpenMode.Read | OpenMode.NonBlocking);
        if (memory.IsSealedMemory)
            return memory;
        memory.Dispose();
        return null;
    }

    public void Dispose()
    {
        Content.Dispose();
        _turn?.Dispose();
    }
}
