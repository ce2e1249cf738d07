using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>
/// The memory of a frozen machine, as it is handed to machines that are resumed from it: one copy for all of them, in a memory file that
/// nobody can write to any more. No process keeps it: whoever needs it takes it from a machine that runs, or, being the first, reads it in.
/// </summary>
static class SharedMemory
{
    /// <summary>Opens it.</summary>
    /// <param name="name">Unlike that of any other memory.</param>
    /// <param name="file">Where it is on disk.</param>
    /// <param name="machines">Processes of machines that may have it.</param>
    /// <exception cref="LinuxException">It cannot be read, or there is no memory left.</exception>
    public static Descriptor Open(string name, string file, IEnumerable<int> machines)
    {
        var bytes = new FileInfo(file).Length;
        return machines.Select(m => Borrow(m, name, bytes)).FirstOrDefault(m => m is not null) ?? Read(name, file, bytes);
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

    static Descriptor? Borrow(int process, string name, long bytes)
    {
        try
        {
            var entry = Directory.GetFiles($"/proc/{process}/fd").FirstOrDefault(f => new FileInfo(f).LinkTarget == $"/memfd:{name} (deleted)");
            return entry is null ? null : Proven(Descriptor.Open(entry, OpenMode.Read), bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended.
            return null;
        }
    }

    // The process is its owner's, who could put anything there, under any name; but not what root has made and sealed.
    static Descriptor? Proven(Descriptor memory, long bytes)
    {
        if (memory.IsSealedMemory && Files.Facts(memory) is { Uid: 0 } facts && facts.Size == bytes)
            return memory;
        memory.Dispose();
        return null;
    }
}
