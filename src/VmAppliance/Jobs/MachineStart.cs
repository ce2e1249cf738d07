using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Images;
using VmAppliance.Linux;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>Starts a lease's machine on a disk of its own: resumed from a template where one fits, else booted.</summary>
/// <param name="node">This node.</param>
/// <param name="lease">The lease.</param>
/// <param name="image">Its image.</param>
/// <param name="timeline">Told when the disk is there.</param>
sealed class MachineStart(Node node, Lease lease, Image image, Timeline timeline)
{
    /// <summary>Of a machine that has no disk yet.</summary>
    public static MachineDisk NoDisk { get; } = new("", "", null);

    /// <summary>Whether the machine was resumed, and so does not ask for its identity.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>Starts it.</summary>
    /// <param name="spec">The machine, but for its disk.</param>
    /// <exception cref="ApplianceException">It cannot be started.</exception>
    public Machine Run(MachineSpec spec) => Resume(spec) ?? Boot(spec);

    Machine Boot(MachineSpec spec) => Start(spec, new GoldenDisk(image.Disk, image.EmptyOverlay, image.DiskBytes), null);

    Machine? Resume(MachineSpec spec)
    {
        if (new Templates(node).Find(image, spec) is not { } template)
            return null;
        try
        {
            using var memory = SharedMemory.Open(template.MemoryName, template.Memory, node.Leases.Records().Select(r => r.Machine.Pid).Where(p => p > 0));
            var machine = Start(spec, new GoldenDisk(template.Disk, template.EmptyOverlay, image.DiskBytes), new MachineMemory(memory, template.State));
            IsResumed = true;
            return machine;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ApplianceException { Blame: Blame.Node })
        {
            var machine = Boot(spec);
            // It is the template's fault, then. Said once: the next one finds none.
            new TemplateShelf(image).Remove(template.Key);
            Journal.Write(Severity.Warning, $"resume machine, {spec.Name}: {e.Message}; it boots instead, as all of its kind until: vmappliance maintenance image template {image.Name}");
            return machine;
        }
    }

    Machine Start(MachineSpec spec, GoldenDisk golden, MachineMemory? memory)
    {
        lease.Enter(Phase.Wiping);
        var disk = node.Disks.Wipe(lease.Record.Disk, golden);
        timeline.Mark("wipe");
        lease.Enter(Phase.Starting);
        return node.Hypervisor.Start(spec with { Disk = new MachineDisk(disk.Path, disk.Format, disk.Backing), Frozen = memory });
    }
}
