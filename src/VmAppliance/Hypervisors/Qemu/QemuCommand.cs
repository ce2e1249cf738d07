using System.Globalization;
using System.Text.Json;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>The command line of a machine: qemu(1).</summary>
static class QemuCommand
{
    /// <summary>Name of the monitor's socket in the lease's directory.</summary>
    public const string MonitorSocket = "qmp.sock";

    /// <summary>Name of the console's socket in the lease's directory.</summary>
    public const string ConsoleSocket = "console.sock";

    /// <summary>What the argument begins with that tells people for which lease a machine runs; the lease's directory follows.</summary>
    public const string LeaseNote = "name=opt/org.vmappliance/lease,string=";

    /// <summary>What QEMU is told to open where it gets a precious memory: there is no such file.</summary>
    public const string PreciousMemory = "/proc/vmappliance/memory";

    /// <summary>What a QEMU may not do that was taken over by its guest.</summary>
    public const string Sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    /// <summary>All arguments of QEMU; every file it needs is opened here and handed over.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="qemu">QEMU's path.</param>
    /// <param name="kvm">Whether to use KVM.</param>
    /// <param name="network">Arguments of the network back end.</param>
    /// <param name="files">What is handed over.</param>
    public static IReadOnlyList<string> Arguments(MachineSpec spec, string qemu, bool kvm, IReadOnlyList<string> network, HandedOver files) =>
    [
        qemu,
        "-name", spec.Name, "-uuid", spec.Uuid.ToString(), "-fw_cfg", $"{LeaseNote}{spec.Directory}",
        "-machine", $"{spec.Model},accel={(kvm ? "kvm" : "tcg")}{(spec.Frozen is null ? "" : ",memory-backend=ram")}", "-cpu", Cpu(spec, kvm),
        "-smp", Number(spec.Cpus), "-m", $"{Number(spec.Memory >> 20)}M", .. Memory(spec, files),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-sandbox", Sandbox,
        .. spec.Frozen?.State is null ? Boot(spec, files) : ["-incoming", "defer", "-S"],
        .. Channels(spec, files),
        .. Disk(spec, files),
        .. network,
        "-device", $"virtio-net-pci,netdev=net,mac={spec.Network.Mac},romfile=",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        .. Generation(spec.Model, spec.Uuid),
    ];

    /// <summary>The CPU model that QEMU is told.</summary>
    public static string Cpu(MachineSpec spec, bool kvm) => spec.Cpu != "auto" ? spec.Cpu : kvm ? "host" : "max";

    // Of a machine that is resumed each page is shared until it is written to.
    static string[] Memory(MachineSpec spec, HandedOver files) => spec.Frozen is not { } frozen ? [] :
    [
        "-object", $"memory-backend-file,id=ram,size={Number(spec.Memory >> 20)}M,share={(frozen.State is null ? "on" : "off")},"
            + $"mem-path={(frozen.Access == MemoryAccess.Broker ? PreciousMemory
                : $"/proc/self/fd/{files.Open($"/proc/self/fd/{frozen.File.Number}", OpenMode.Read)}")}"
            // The file is opened for reading only, and what is written to the memory is the machine's own: qemu(1), since 8.2.
            + (frozen.Access == MemoryAccess.ReadOnly ? ",readonly=on,rom=off" : ""),
    ];

    // By it a guest's kernel learns that it is not the one that was frozen, and reseeds its generator: the specification of vmgenid.
    internal static string[] Generation(string model, Guid uuid) =>
        model.StartsWith("q35", StringComparison.Ordinal) || model.StartsWith("pc", StringComparison.Ordinal) ? ["-device", $"vmgenid,guid={uuid}"] : [];

    static IEnumerable<string> Boot(MachineSpec spec, HandedOver files)
    {
        // Opened anew through /proc by QEMU, which cannot reach the catalogue's directory but may read these files.
        yield return "-kernel";
        yield return $"/proc/self/fd/{files.Open(spec.Kernel, OpenMode.Read)}";
        if (spec.Initrd is not null)
        {
            yield return "-initrd";
            yield return $"/proc/self/fd/{files.Open(spec.Initrd, OpenMode.Read)}";
        }
        yield return "-append";
        yield return spec.Append;
    }

    static string[] Channels(MachineSpec spec, HandedOver files)
    {
        var (uid, gid) = (spec.Owner.Uid, spec.Owner.Gid);
        var monitor = files.Listen($"{spec.Directory}/{MonitorSocket}", uid, gid);
        var console = files.Listen($"{spec.Directory}/{ConsoleSocket}", uid, gid);
        return
        [
            "-chardev", $"socket,id=monitor,fd={monitor},server=on,wait=off", "-mon", "chardev=monitor,mode=control",
            "-chardev", $"socket,id=console,fd={console},server=on,wait=off", "-serial", "chardev:console",
            .. spec.Seed is null ? Port(spec, files) : [],
        ];
    }

    // Pipes, not a socket: the guest's end stays open when nobody on the node has anything to say. They are QEMU's standard streams, because
    // it takes no other open descriptors for pipes, and to their names it may have no way: the run directory can lie below one that only its
    // owner enters.
    static string[] Port(MachineSpec spec, HandedOver files)
    {
        files.Streams(Pipe(spec, "in"), Pipe(spec, "out"));
        return
        [
            "-chardev", "stdio,id=port,signal=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port,name=org.vmappliance.0",
        ];
    }

    static Descriptor Pipe(MachineSpec spec, string end)
    {
        var path = $"{MachineDirectory.Port(spec.Directory)}.{end}";
        File.Delete(path);
        Files.MakePipe(path, 0x180 /* 0600 */, spec.Owner.Uid, spec.Owner.Gid);
        // Open at both ends: nobody who opens or closes the other one changes anything for QEMU.
        return Descriptor.Open(path, OpenMode.ReadWrite | OpenMode.NonBlocking | OpenMode.NoFollow);
    }

    static IReadOnlyList<string> Disk(MachineSpec spec, HandedOver files)
    {
        var sets = new List<string>();
        var below = spec.Disk.Backing is null ? ""
            : $$""","backing":{"driver":"raw","read-only":true,"file":{{FileNode(spec.Disk.Backing, OpenMode.Read, files, sets)}}}""";
        // The disk dies with the machine, so the guest's flushes need not reach the node's disk. What goes to a block device passes the node's
        // memory by: a job's writes must not fill it, nor hold up the end of its machine.
        var direct = IsDevice(spec.Disk.Path) ? "true" : "false";
        var root = $$"""{"driver":"{{spec.Disk.Format}}","node-name":"disk","discard":"unmap","cache":{"direct":{{direct}},"no-flush":true},"file":{{FileNode(spec.Disk.Path, OpenMode.ReadWrite, files, sets)}}{{below}}}""";
        // A full node must fail the job's write; QEMU's default would stop the machine for ever.
        string[] disk = ["-blockdev", root, "-device", "virtio-blk-pci,drive=disk,werror=report,rerror=report"];
        if (spec.Seed is null)
            return [.. sets, .. disk];
        var seed = $$"""{"driver":"raw","node-name":"seed","read-only":true,"file":{{FileNode(spec.Seed, OpenMode.Read, files, sets)}}}""";
        return [.. sets, .. disk, "-blockdev", seed, "-device", "virtio-blk-pci,drive=seed,serial=vma-seed"];
    }

    // QEMU knows the file only as a set of descriptors: it has no right to open the path.
    static string FileNode(string path, OpenMode flags, HandedOver files, List<string> sets)
    {
        var set = (sets.Count / 2) + 1;
        sets.AddRange("-add-fd", $"fd={files.Open(path, flags)},set={set}");
        var driver = IsDevice(path) ? "host_device" : "file";
        return $$"""{"driver":"{{driver}}","filename":"/dev/fdset/{{set}}"}""";
    }

    static bool IsDevice(string path) => BlockDevice.NumberOf(path) is not null;

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
