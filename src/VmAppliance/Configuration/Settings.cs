namespace VmAppliance.Configuration;

/// <summary>The whole configuration, read and checked; sizes in bytes.</summary>
sealed record Settings(
    ApplianceSettings Appliance,
    SlotSettings Slots,
    NetworkSettings Network,
    StorageSettings Storage,
    XenSettings Xen,
    GridEngineSettings GridEngine,
    IReadOnlyDictionary<string, ImageSettings> Images,
    IReadOnlyDictionary<string, QueueSettings> Queues)
{
    /// <summary>The settings of an image, with the defaults where it has no section.</summary>
    public ImageSettings Image(string name) => Images.TryGetValue(name, out var image) ? image
        : new ImageSettings(Slots.Cpus, Slots.Memory, null, "", Appliance.UsualMachine, "auto", Appliance.ReadyTimeout, Appliance.UsualIdentity, TemplateKind.Auto, MissingDirectory.Refuse, ZoneKind.Node);
}

/// <summary>What runs machines.</summary>
enum HypervisorKind
{
    /// <summary>A QEMU process for each, with its owner's rights.</summary>
    Qemu,

    /// <summary>A domain of Xen for each, made by the toolstack of this dom0.</summary>
    Xen,
}

/// <summary>How QEMU emulates: proved KVM, or software emulation.</summary>
enum Acceleration
{
    /// <summary>KVM where a tiny guest proves that it works, else TCG.</summary>
    Auto,

    /// <summary>KVM or nothing.</summary>
    Kvm,

    /// <summary>Software emulation.</summary>
    Tcg,
}

/// <summary>How a machine's network reaches the world.</summary>
enum NetworkKind
{
    /// <summary>QEMU's user-mode network, the ssh port forwarded from 127.0.0.1.</summary>
    User,

    /// <summary>A bridge, with an address per slot: by a tap device, or on Xen by its own.</summary>
    Tap,
}

/// <summary>How the golden image becomes a job's disk.</summary>
enum CopyKind
{
    /// <summary>A reflink copy where the file system has it, else an overlay.</summary>
    Auto,

    /// <summary>An empty qcow2 file on top of the image.</summary>
    Overlay,

    /// <summary>A copy that shares the image's blocks: FICLONE.</summary>
    Reflink,

    /// <summary>A copy that shares the image's blocks where the file system can, else one of all its data.</summary>
    Full,
}

/// <summary>Where the disks of machines are.</summary>
enum StorageKind
{
    /// <summary>Snapshots where a volume group is named, else files.</summary>
    Auto,

    /// <summary>Files in a directory.</summary>
    File,

    /// <summary>Device-mapper snapshots: a volume per slot takes what its job writes.</summary>
    Snapshot,

    /// <summary>A device-mapper thin pool, whose space the slots share.</summary>
    Thin,
}

/// <summary>The way in which a machine learns who it is.</summary>
enum IdentityKind
{
    /// <summary>The virtio-serial port org.vmappliance.0.</summary>
    Port,

    /// <summary>A second, read-only disk.</summary>
    Seed,
}

/// <summary>Whose time zone a machine has.</summary>
enum ZoneKind
{
    /// <summary>The node's: times are what they would be there.</summary>
    Node,

    /// <summary>The image's own.</summary>
    Image,
}

/// <summary>Whether machines are resumed from a template.</summary>
enum TemplateKind
{
    /// <summary>Where there is one that fits.</summary>
    Auto,

    /// <summary>Never: each boots.</summary>
    Off,
}

/// <summary>What becomes of a job whose working directory is not in its machine.</summary>
enum MissingDirectory
{
    /// <summary>It is not run.</summary>
    Refuse,

    /// <summary>The directory is made, empty and root's.</summary>
    Make,
}

/// <summary>[appliance]</summary>
sealed record ApplianceSettings(string Batch, HypervisorKind Hypervisor, Acceleration Acceleration, string RunDirectory,
    string StateDirectory, string Qemu, TimeSpan ReadyTimeout, int LostStatus)
{
    /// <summary>The machine type of an image that names none.</summary>
    public string UsualMachine => Hypervisor == HypervisorKind.Xen ? "pv" : "q35";

    /// <summary>How machines learn who they are where nothing is said: Xen has no port.</summary>
    public IdentityKind UsualIdentity => Hypervisor == HypervisorKind.Xen ? IdentityKind.Seed : IdentityKind.Port;
}

/// <summary>[slots]: how many machines, and the share of each.</summary>
sealed record SlotSettings(int Count, int Cpus, long Memory);

/// <summary>[network]; the address of slot N is the subnet's 10 + N.</summary>
sealed record NetworkSettings(NetworkKind Kind, bool Restrict, string Bridge, string MacPrefix, Subnet Subnet,
    string? Gateway, IReadOnlyList<string> NameServers);

/// <summary>[storage]; the last six are for disks in a volume group.</summary>
/// <param name="Kind">Never <see cref="StorageKind.Auto"/>.</param>
/// <param name="Copy">How a file becomes a disk.</param>
/// <param name="Directory">Files are here.</param>
/// <param name="VolumeGroup">The LVM volume group; empty for none.</param>
/// <param name="CowSize">What a job can write, in bytes.</param>
/// <param name="ChunkSize">What a snapshot copies at a time, in bytes.</param>
/// <param name="Discard">Whether a slot's volume is discarded at each wipe.</param>
/// <param name="PoolSize">What all jobs together can write to the thin pool, in bytes.</param>
/// <param name="BlockSize">What the thin pool gives out at a time, in bytes.</param>
sealed record StorageSettings(StorageKind Kind, CopyKind Copy, string Directory, string VolumeGroup, long CowSize, long ChunkSize, bool Discard,
    long PoolSize, long BlockSize);

/// <summary>[xen]</summary>
/// <param name="Xl">The toolstack's path, or <c>auto</c>.</param>
/// <param name="Scripts">Directory of vma-block and vma-vif; null for the toolstack's own hotplug scripts.</param>
sealed record XenSettings(string Xl, string? Scripts);

/// <summary>[gridengine]; spool directories of root and of this account are believed.</summary>
sealed record GridEngineSettings(string AdminUser);

/// <summary>[image:NAME]</summary>
/// <param name="Cpus">Virtual cpus; null for as many as the job has slots on the node.</param>
/// <param name="Memory">Bytes of a machine whose memory does not go by slots.</param>
/// <param name="MemoryPerSlot">Bytes for each of the job's slots on the node; null where memory does not go by slots.</param>
/// <param name="Append">Kernel arguments beside the image's own.</param>
/// <param name="Machine">The hypervisor's kind of machine.</param>
/// <param name="Cpu">The cpu's model, or <c>auto</c>.</param>
/// <param name="ReadyTimeout">How long a machine may take to get ready.</param>
/// <param name="Identity">How a machine learns whose it is.</param>
/// <param name="Template">Whether machines are resumed from a template.</param>
/// <param name="MissingDirectory">What becomes of a job whose working directory the image does not have.</param>
/// <param name="TimeZone">Whose time zone a machine has.</param>
sealed record ImageSettings(int? Cpus, long Memory, long? MemoryPerSlot, string Append, string Machine, string Cpu, TimeSpan ReadyTimeout,
    IdentityKind Identity, TemplateKind Template, MissingDirectory MissingDirectory, ZoneKind TimeZone)
{
    /// <summary>Virtual cpus for a job with so many slots on the node.</summary>
    public int CpusFor(int slots) => Cpus ?? slots;

    /// <summary>Bytes of memory for a job with so many slots on the node.</summary>
    public long MemoryFor(int slots) => MemoryPerSlot * slots ?? Memory;
}

/// <summary>[queue:NAME]; without an image (<c>none</c>) jobs run on the node itself.</summary>
sealed record QueueSettings(string? Image, int LostStatus);
