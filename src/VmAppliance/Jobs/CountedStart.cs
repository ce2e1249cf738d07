using VmAppliance.Diagnostics;

namespace VmAppliance.Jobs;

/// <summary>Prepares the machine of a batch system's job, which comes again while that fails; counts how often.</summary>
/// <param name="node">This node.</param>
/// <param name="timeline">Told when each step is done.</param>
sealed class CountedStart(Node node, Timeline timeline)
{
    /// <summary>Prepares it; the lease is the caller's to release.</summary>
    /// <exception cref="ApplianceException">It could not be done; the job may be blamed for too many tries.</exception>
    public Lease Run(MachineRequest request)
    {
        // Before anything else: a hook that is killed has come, too.
        var tries = node.Tries.Come(request.Job, request.Image);
        try
        {
            return new PrepareJob(node, timeline).Run(request);
        }
        catch (Exception e) when (Complaint.BlameOf(e) is not (Blame.Transient or Blame.Machine))
        {
            node.Tries.TakeBack(tries);
            throw;
        }
        catch (ApplianceException e) when (tries.Finding(e.Blame, node.Tries.Now, e) is { } finding)
        {
            // Who takes it out of its error state has mended something.
            if (finding.Blame == Blame.Job)
                node.Tries.Forget(request.Job.Key);
            throw finding;
        }
    }
}
