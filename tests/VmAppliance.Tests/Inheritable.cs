using System.Runtime.InteropServices;
using VmAppliance.Linux;

namespace VmAppliance.Tests;

/// <summary>A descriptor of this process that a child inherits: without FD_CLOEXEC.</summary>
static partial class Inheritable
{
    public static Descriptor Open(string path)
    {
        using var file = Descriptor.Open(path, OpenMode.Read);
        return new Descriptor(Errno.Check(dup(file.Number), "dup", path));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup(int fd);
}
