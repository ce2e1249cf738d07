using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Images;
using VmAppliance.Linux;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>Starts a lease's machine on a disk of its own.</summary>
/// <param name="node">This node.</param>
/// <param name="lease">The lease.</param>
/// <param name="image">Its image.</param>
/// <param name="timeline">Told what is done.</param>
sealed class MachineStart(Node node, Lease lease, Image image, Timeline timeline)
{
    /// <summary>Of a machine that has no disk yet.</summary>
    public static MachineDisk NoDisk { get; } = new("", "", null);

    const string Boots = "it boots instead";

    /// <summary>Boots it.</summary>
    /// <param name="spec">The machine, but for its disk.</param>
    /// <exception cref="ApplianceException">It cannot be started.</exception>
    public Machine Boot(MachineSpec spec) => Start(spec, new GoldenDisk(image.Disk, image.EmptyOverlay, image.DiskBytes), null, "start");

    /// <summary>Resumes it from the template that fits.</summary>
    /// <param name="spec">The machine, but for its disk.</param>
    /// <returns>Null when there is none, or it cannot be done: it can still boot.</returns>
    public Machine? Resume(MachineSpec spec)
    {
        if (new Templates(node).Find(image, spec) is not { } template)
            return null;
        return (template.IsReadOnly || OpenBroker.IsSupported ? TryResume(spec, template, OnFile, "its memory is copied instead") : null) ?? TryResume(spec, template, OnCopy, Boots);
    }

    // The best there is: the template's own file is every machine's memory, page by page, until that writes to it.
    Machine OnFile(MachineSpec spec, Template template)
    {
        using var file = Descriptor.Open(template.Memory, OpenMode.Read | OpenMode.NoFollow);
        return Resume(spec, template, new MachineMemory(file, template.State, template.IsReadOnly ? MemoryAccess.ReadOnly : MemoryAccess.Broker));
    }

    Machine OnCopy(MachineSpec spec, Template template)
    {
        using var memory = SharedMemory.Open(template.MemoryName, template.Memory, () => node.Leases.Records().Select(r => r.Machine).Where(m => m.Pid > 0));
        return Resume(spec, template, new MachineMemory(memory.Content, template.State));
    }

    Machine Resume(MachineSpec spec, Template template, MachineMemory memory) =>
        Start(spec, new GoldenDisk(template.Disk, template.EmptyOverlay, image.DiskBytes), memory, "resume");

    Machine? TryResume(MachineSpec spec, Template template, Func<MachineSpec, Template, Machine> way, string otherwise)
    {
        try
        {
            return way(spec, template);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ApplianceException)
        {
            GiveUp(e.Message, otherwise);
            return null;
        }
    }

    /// <summary>There is no template for it. The journal tells that once.</summary>
    public void Miss(MachineSpec spec)
    {
        if (new Templates(node).Miss(image, spec))
            Journal.Write(Severity.Information, $"resume machine, job {lease.Record.Job}: image {image.Name} has no template for {spec.Cpus} cpus and {Units.Text(spec.Memory)}; "
                + "it boots instead, until one is made: vmappliance maintenance image template --wanted");
    }

    /// <summary>Says in the journal that a machine could not be resumed. The template stays: whose fault it was is for the administrator to find out, not for a hook.</summary>
    public void GiveUp(string reason, string otherwise = Boots) => Journal.Write(Severity.Warning,
        $"resume machine, job {lease.Record.Job}: {reason}; {otherwise}. If that goes on: vmappliance maintenance image template {image.Name}");

    Machine Start(MachineSpec spec, GoldenDisk golden, MachineMemory? memory, string step)
    {
        lease.Enter(Phase.Wiping);
        var disk = node.Disks.Wipe(lease.Record.Disk, golden);
        timeline.Mark("wipe");
        lease.Enter(Phase.Starting);
        var machine = node.Hypervisor.Start(spec with { Disk = new MachineDisk(disk.Path, disk.Format, disk.Backing), Frozen = memory });
        lease.Started(machine.Reference);
        timeline.Mark(step);
        return machine;
    }
}
