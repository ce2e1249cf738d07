using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace VmAppliance.Linux;

/// <summary>What the processor says of itself.</summary>
static class Processor
{
    // Where a hypervisor tells its name: docs/specs of QEMU, Documentation/virt/kvm/x86/cpuid.rst of Linux. Without one it tells nothing like that.
    const int HypervisorLeaf = 0x40000000;

    // The brand: three leaves of 16 bytes each. CPUID, Intel's Software Developer's Manual, volume 2.
    const int LastExtendedLeaf = unchecked((int)0x80000000), BrandLeaf = unchecked((int)0x80000002), BrandLeaves = 3;

    // What the kernel has found out at its start: Documentation/ABI/testing/sysfs-devices-system-cpu of Linux.
    const string Cpus = "/sys/devices/system/cpu";

    /// <summary>
    /// What this node's processors are, in one line: another processor, microcode or feature makes it another text. Not from /proc/cpuinfo: to open
    /// that interrupts every cpu, and in kernels before 5.19 takes 10 ms and more.
    /// </summary>
    public static string Description() => $"{Brand()} {Text($"{Cpus}/cpu0/microcode/version")} {Text($"{Cpus}/modalias").Split(',').Length} features";

    static string Brand()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(LastExtendedLeaf, 0).Eax < unchecked((uint)(BrandLeaf + BrandLeaves - 1)))
            return "";
        var words = Enumerable.Range(0, BrandLeaves).Select(n => X86Base.CpuId(BrandLeaf + n, 0)).SelectMany(r => new[] { r.Eax, r.Ebx, r.Ecx, r.Edx }).ToArray();
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>(words)).Trim('\0', ' ');
    }

    static string Text(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Whether QEMU emulates it, TCG: instructions are translated when they are executed for the first time, and wherever they are seen at another address.</summary>
    public static bool IsEmulated
    {
        get
        {
            if (!X86Base.IsSupported)
                return false;
            var (_, b, c, d) = X86Base.CpuId(HypervisorLeaf, 0);
            return MemoryMarshal.AsBytes<int>([b, c, d]).SequenceEqual("TCGTCGTCGTCG"u8);
        }
    }
}
