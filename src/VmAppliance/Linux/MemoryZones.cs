using System.Globalization;

namespace VmAppliance.Linux;

/// <summary>What the kernel does not give away of this system's free memory: /proc/zoneinfo of proc(5), Documentation/admin-guide/sysctl/vm.rst.</summary>
static class MemoryZones
{
    /// <summary>Bytes that must stay free, or the kernel looks for memory to take back: and if there is none, for a process to kill.</summary>
    public static long Reserved() => Reserved(File.ReadLines("/proc/zoneinfo")) * Environment.SystemPageSize;

    /// <summary>The same in pages: each zone's highest watermark, and the most that it holds back from requests which another zone could have met.</summary>
    /// <param name="lines">The lines of the file.</param>
    public static long Reserved(IEnumerable<string> lines)
    {
        long reserved = 0, high = 0;
        foreach (var words in lines.Select(l => l.Split([' ', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries)))
            switch (words)
            {
                case ["high", var pages]:
                    high = Number(pages);
                    break;
                case ["managed", "0"]:
                    // A zone without memory is listed all the same, with what it would keep.
                    high = -1;
                    break;
                case ["protection:", .. var classes] when high >= 0:
                    reserved += high + classes.Select(Number).DefaultIfEmpty().Max();
                    break;
            }
        return reserved;
    }

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
