using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace VmAppliance.Linux;

/// <summary>What the processor says of itself.</summary>
static class Processor
{
    // Where a hypervisor tells its name: docs/specs of QEMU, Documentation/virt/kvm/x86/cpuid.rst of Linux. Without one it tells nothing like that.
    const int HypervisorLeaf = 0x40000000;

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
