using System.Runtime.InteropServices;
using System.Text;

namespace VmAppliance.Linux;

/// <summary>NUL-terminated strings and pointer arrays in native memory, freed together.</summary>
sealed unsafe class NativeStrings : IDisposable
{
    readonly List<nint> _blocks = [];

    /// <summary>A copy of <paramref name="text"/> as UTF-8.</summary>
    public byte* Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    /// <summary>A copy of the bytes with a NUL behind them.</summary>
    public byte* Add(byte[] bytes)
    {
        var copy = (byte*)Allocate(bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }

    /// <summary>A NULL-terminated <c>char *[]</c>, as execve(2) wants it.</summary>
    public byte** Array(IReadOnlyList<byte[]> items)
    {
        var array = (byte**)Allocate((items.Count + 1) * sizeof(byte*));
        for (var i = 0; i < items.Count; i++)
            array[i] = Add(items[i]);
        return array;
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }

    void* Allocate(int bytes)
    {
        var block = NativeMemory.AllocZeroed((nuint)bytes);
        _blocks.Add((nint)block);
        return block;
    }
}
