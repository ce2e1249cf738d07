using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>The memory of this system that nobody has: proc_meminfo(5), madvise(2).</summary>
static unsafe class FreeMemory
{
    const int Piece = 1 << 20;
    const int MADV_POPULATE_WRITE = 23; // linux/mman.h, since Linux 5.14

    /// <summary>Bytes: MemFree.</summary>
    public static long Bytes => MemoryInfo.Of("MemFree");

    /// <summary>
    /// Overwrites it with zeroes, as far as it goes without taking what is cached: by asking for it, and giving it back. What it still had of
    /// its former owners is gone then, and does not have to be kept by whoever keeps all of the memory.
    /// </summary>
    /// <param name="reserve">Bytes of it that are left alone, for others, beside what the kernel never gives away.</param>
    /// <param name="most">How many bytes at most.</param>
    public static void Clear(long reserve, long most)
    {
        var taken = new List<nint>();
        reserve += MemoryZones.Reserved();
        try
        {
            while (Bytes > reserve + Piece && (long)taken.Count * Piece < most && Take() is { } piece)
                taken.Add(piece);
        }
        finally
        {
            foreach (var piece in taken)
                _ = munmap((void*)piece, Piece);
        }
    }

    static nint? Take()
    {
        var piece = mmap(null, Piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            return null;
        if (madvise(piece, Piece, MADV_POPULATE_WRITE) != 0)
            new Span<byte>(piece, Piece).Clear();
        return (nint)piece;
    }
}
