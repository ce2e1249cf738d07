using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Images;
using VmAppliance.Linux;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>Gives a job a machine that nobody has used before: claim a slot, wipe a disk, start the machine, make it the job's.</summary>
/// <param name="node">This node.</param>
/// <param name="timeline">Told when each step is done.</param>
/// <param name="interruption">A descriptor that becomes readable when nobody wants the machine any more; -1 for none.</param>
sealed class PrepareJob(Node node, Timeline timeline, int interruption = -1)
{
    /// <summary>Prepares the machine; the lease is the caller's to release.</summary>
    /// <exception cref="ApplianceException">It could not be done; nothing is left of the attempt.</exception>
    public Lease Run(MachineRequest request)
    {
        var image = node.Images.Get(request.Image);
        node.Disks.Require();
        var lease = new ClaimSlot(node).Run(request);
        timeline.Mark("claim");
        try
        {
            Build(lease, request, image);
            return lease;
        }
        catch
        {
            new ReleaseJob(node).Run(lease);
            lease.Dispose();
            throw;
        }
    }

    void Build(Lease lease, MachineRequest request, Image image)
    {
        var settings = node.Settings.Image(image.Name);
        var network = new SlotNetwork(node.Settings.Network, lease.Record.Slot);
        var zone = settings.TimeZone == ZoneKind.Node ? NodeZone.Of() : null;
        var identity = new IdentityOf(request, network, zone, settings.MissingDirectory == MissingDirectory.Make);
        if (settings.Identity == IdentityKind.Port)
            identity.Begin();
        var seed = settings.Identity == IdentityKind.Seed ? WriteSeed(lease, identity) : null;
        using var machine = Start(new MachineStart(node, lease, image, timeline), Spec(lease, request, image, settings, network, seed),
            request,
            (machine, isAwake) => new Readiness(machine, settings.ReadyTimeout, interruption).Wait(MachineDirectory.Port(lease.Directory),
                seed is null ? () => new GuestMessage { Identity = identity.Now() } : null, isAwake));
        machine.HandOver();
        var access = new GuestAccess(machine.Address ?? network.Address, machine.Port, GuestAccess.SessionUser, identity.Client.PrivateKey, identity.Host.Fingerprint);
        lease.Issue(new Pass(access, machine.Reference, identity.Home, request.LostStatus), request.Owner.Gid);
        lease.Enter(Phase.Ready);
        timeline.Mark("ready");
    }

    Machine Start(MachineStart start, MachineSpec spec, MachineRequest request, Action<Machine, bool> wait)
    {
        if (!request.Boots && start.Resume(spec) is { } resumed)
            try
            {
                return Await(resumed, wait, isAwake: true);
            }
            catch (ApplianceException e) when (e.Blame is Blame.Node or Blame.Machine)
            {
                start.GiveUp(e.Message);
                node.Hypervisor.Destroy(resumed.Reference);
            }
        else if (request is { Cpus: null, Memory: null, Boots: false })
            start.Miss(spec);
        return Await(start.Boot(spec), wait, isAwake: false);
    }

    static Machine Await(Machine machine, Action<Machine, bool> wait, bool isAwake)
    {
        try
        {
            wait(machine, isAwake);
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    static string WriteSeed(Lease lease, IdentityOf identity)
    {
        var path = $"{lease.Directory}/seed";
        Files.Replace(path, SeedDisk.Write(identity.Now()), 0x180 /* 0600 */);
        return path;
    }

    /// <summary>The machine that a request wants, but for its disk.</summary>
    public static MachineSpec Spec(Lease lease, MachineRequest request, Image image, ImageSettings settings, SlotNetwork network, string? seed) =>
        new($"{MachineSpec.NamePrefix}{lease.Record.Job}", lease.Record.Machine.Uuid, lease.Directory,
            new MachineOwner(request.Owner.Uid, request.Owner.Gid, [.. request.Owner.Groups.Select(g => g.Gid)]),
            request.Cpus ?? settings.CpusFor(request.Job.Slots), request.Memory ?? settings.MemoryFor(request.Job.Slots), settings.Machine, settings.Cpu,
            image.Kernel, image.Unpacked, image.Initrd, $"{image.Append} {settings.Append}".Trim(),
            MachineStart.NoDisk, network.Card, seed);
}
