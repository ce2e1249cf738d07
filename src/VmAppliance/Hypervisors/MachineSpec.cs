using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>A machine to be started.</summary>
/// <param name="Name"><c>vma-JOB.TASK</c>.</param>
/// <param name="Uuid">Names this very machine for ever; it is on record before the machine is started.</param>
/// <param name="Directory">The lease's directory: sockets of the machine go here.</param>
/// <param name="Owner">Whose rights it runs with.</param>
/// <param name="Cpus">Virtual cpus.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="Model">Machine type.</param>
/// <param name="Cpu">CPU model; <c>auto</c> takes what the accelerator does best.</param>
/// <param name="Kernel">Kernel file.</param>
/// <param name="Unpacked">The same kernel, unpacked; null when the image has none.</param>
/// <param name="Initrd">Initial RAM disk, if any.</param>
/// <param name="Append">Kernel arguments.</param>
/// <param name="Disk">The root disk.</param>
/// <param name="Network">The network card.</param>
/// <param name="Seed">A read-only disk with the identity on it, if that is how the machine learns it.</param>
/// <param name="Frozen">Memory that others shall see, or have seen; null for memory of its own.</param>
sealed record MachineSpec(string Name, Guid Uuid, string Directory, MachineOwner Owner, int Cpus, long Memory, string Model, string Cpu,
    string Kernel, string? Unpacked, string? Initrd, string Append, MachineDisk Disk, MachineNetwork Network, string? Seed, MachineMemory? Frozen = null)
{
    /// <summary>What the names of all machines begin with; the job follows.</summary>
    public const string NamePrefix = "vma-";
}

/// <summary>Memory that is a file, for as long as the machine is being started.</summary>
/// <param name="File">The memory: a machine that boots writes it, one that is resumed has a view of its own of it.</param>
/// <param name="State">What else a machine is resumed from, a file; null to boot.</param>
/// <param name="Access">How a machine comes by it.</param>
sealed record MachineMemory(Descriptor File, string? State, MemoryAccess Access = MemoryAccess.Open);

/// <summary>How a machine comes by memory that is a file.</summary>
enum MemoryAccess
{
    /// <summary>It opens it, for writing: of a machine that boots, or a copy that nobody can write to any more.</summary>
    Open,

    /// <summary>The template's own, which no machine must have a way to write: the hypervisor asks for no more than to read it.</summary>
    ReadOnly,

    /// <summary>The template's own, and the hypervisor asks to write it: <see cref="OpenBroker"/> gives it a descriptor that only reads.</summary>
    Broker,
}

/// <summary>User, group and supplementary groups of a machine.</summary>
sealed record MachineOwner(int Uid, int Gid, IReadOnlyList<int> Groups);

/// <summary>The root disk: a file or block device, its format, and the raw disk below it if it is an overlay.</summary>
sealed record MachineDisk(string Path, string Format, string? Backing);

/// <summary>The network card: on a bridge, or (without one) QEMU's user-mode network.</summary>
/// <param name="Mac">MAC address.</param>
/// <param name="Bridge">The bridge; null for the user-mode network.</param>
/// <param name="Restrict">User-mode network only: the machine reaches nothing but is reached by ssh.</param>
sealed record MachineNetwork(string Mac, string? Bridge, bool Restrict);

/// <summary>How to find a machine again.</summary>
/// <param name="Pid">Its process; 0 when it was not known yet.</param>
/// <param name="StartTicks">When that process started, in clock ticks since boot.</param>
/// <param name="Uuid">Its uuid.</param>
sealed record MachineReference(int Pid, long StartTicks, Guid Uuid);

/// <summary>What a machine has used so far.</summary>
sealed record MachineUsage(TimeSpan User, TimeSpan System, long PeakMemoryKiB);
