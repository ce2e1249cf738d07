using System.Globalization;

namespace VmAppliance.Linux;

/// <summary>What the kernel counts of its memory: proc_meminfo(5).</summary>
static class MemoryInfo
{
    /// <summary>One of its lines, in bytes.</summary>
    /// <param name="name">Its name, such as <c>MemTotal</c>.</param>
    public static long Of(string name)
    {
        var line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith($"{name}:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
