using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Images;
using VmAppliance.Linux;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>Makes a template: boots the image on a disk that becomes the template's, lets the guest make ready what every job needs, and freezes it.</summary>
/// <param name="node">This node.</param>
/// <param name="interruption">A descriptor that becomes readable when nobody wants it any more.</param>
sealed class MakeTemplate(Node node, int interruption)
{
    const int OwnerOnly = 0x180; // 0600

    /// <summary>Makes it; one of the same kind is replaced when the new one is complete.</summary>
    /// <param name="request">A machine as its jobs will want it.</param>
    /// <exception cref="ApplianceException">It cannot be made; what there was before is as it was.</exception>
    public Template Run(MachineRequest request)
    {
        var image = node.Images.Get(request.Image);
        // Its machine is one of the node's: it has a slot, and whatever happens reap finds it.
        using var lease = new ClaimSlot(node).Run(request);
        try
        {
            return Make(lease, request, image);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(image, e.Message, $"is there room in {image.Directory}?", Blame.Node);
        }
        finally
        {
            new ReleaseJob(node).Run(lease);
        }
    }

    Template Make(Lease lease, MachineRequest request, Image image)
    {
        var spec = PrepareJob.Spec(lease, request, image, node.Settings.Image(image.Name), new SlotNetwork(node.Settings.Network, lease.Record.Slot), null);
        var likeness = node.Settings.Image(image.Name).Identity == IdentityKind.Port ? new Templates(node).Likeness(image, spec) : null;
        if (likeness is null)
            throw Failed(image, "machines of this image cannot be frozen on this node", "it takes QEMU and identity = port", Blame.Usage);
        var shelf = node.Shelf(image);
        using var alone = shelf.TryLock() ?? throw Failed(image, "somebody else makes one of this image", "wait until that is done", Blame.Transient);
        foreach (var half in shelf.Halves())
            shelf.Remove(half);
        var template = new Template(Templates.KeyOf(likeness), likeness, DateTimeOffset.UtcNow, spec.Cpus, spec.Memory, []);
        template = shelf.Begin(template);
        try
        {
            return shelf.Publish(template with { IsReadOnly = Freeze(lease, spec, shelf, image, template, request) });
        }
        catch
        {
            shelf.Remove(template.Directory);
            throw;
        }
    }

    // What becomes the template is copied when the machine is gone: nobody who had its files open can change it any more.
    bool Freeze(Lease lease, MachineSpec spec, TemplateShelf shelf, Image image, Template template, MachineRequest request)
    {
        var disk = Disk(lease, image, template);
        lease.Enter(Phase.Starting);
        using var memory = Descriptor.Memory("vma-template", spec.Memory);
        using var machine = node.Hypervisor.Start(spec with { Disk = disk, Frozen = new MachineMemory(memory, null) });
        lease.Started(machine.Reference);
        new Rehearsal(machine, MachineDirectory.Port(spec.Directory), new Readiness(machine, node.Settings.Image(lease.Record.Image).ReadyTimeout, interruption))
            .Run(request, new SlotNetwork(node.Settings.Network, lease.Record.Slot));
        var isReadOnly = node.Hypervisor.Freeze(spec.Directory, template.State);
        node.Hypervisor.Destroy(machine.Reference);
        memory.SealMemory();
        SparseCopy.WithoutZeroes(memory, template.Memory, OwnerOnly);
        shelf.Keep(template, disk.Path);
        File.Delete(OwnDisk(template));
        return isReadOnly;
    }

    // A volume of the template's own would have to be written twice, and is large; a slot's disk is as good, and goes with the lease.
    MachineDisk Disk(Lease lease, Image image, Template template)
    {
        if (template.Volume is null)
        {
            SparseCopy.Run(image.Disk, OwnDisk(template), OwnerOnly);
            return new MachineDisk(OwnDisk(template), "raw", null);
        }
        lease.Enter(Phase.Wiping);
        var disk = node.Disks.Wipe(lease.Record.Disk, new GoldenDisk(image.Disk, null, image.DiskBytes));
        return new MachineDisk(disk.Path, disk.Format, disk.Backing);
    }

    static string OwnDisk(Template template) => $"{template.Directory}/disk";

    static ApplianceException Failed(Image image, string reason, string hint, Blame blame) => new(blame, "make template", image.Name, reason, hint);
}
