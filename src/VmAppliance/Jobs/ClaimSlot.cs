using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Takes a slot for a machine.</summary>
/// <param name="node">This node.</param>
sealed class ClaimSlot(Node node)
{
    /// <summary>Takes it.</summary>
    /// <returns>The lease, which is the caller's to release.</returns>
    /// <exception cref="ApplianceException">All slots are taken, or another hook is at work for this job.</exception>
    public Lease Run(MachineRequest request)
    {
        var key = request.Job.Key;
        new ReleaseJob(node).Leftover(request.Job);
        LeaseRecord Describe(int slot) => new($"{key}", slot, Phase.Claimed, request.Owner.Name, request.Owner.Uid, request.Job.Queue, request.Image,
            Host.BootId(), request.Job.LivesIn, DateTimeOffset.UtcNow, new MachineReference(0, 0, Guid.NewGuid()), null);
        if (node.Leases.Claim(key, Describe) is { } lease)
            return lease;
        // A slot whose job is gone without an epilog is as good as free.
        new Reaper(node).Run(dryRun: false);
        return node.Leases.Claim(key, Describe) ?? throw new ApplianceException(Blame.Full, "claim slot", $"job {key}",
            $"all {node.Leases.Slots} slots are taken", "vmappliance maintenance status shows by whom; the queue should have no more slots than [slots] count");
    }
}
