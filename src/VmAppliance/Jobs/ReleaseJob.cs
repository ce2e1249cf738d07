using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Takes everything of a lease down: the machine, its disk, its files, the slot. Can be called at any phase, any number of times.</summary>
sealed class ReleaseJob(Node node)
{
    /// <summary>What the disk of the released lease has done to its job, as a sentence; null when nothing.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Tells the job's owner what its disk has done to it, if anything; to be called after <see cref="Run"/>.</summary>
    public void Complain()
    {
        if (Trouble is not null)
            Complaint.Say($"vmappliance: run job: {Trouble}\n");
    }

    /// <summary>Releases a lease that this process holds.</summary>
    /// <returns>Whether all is gone; if not, the lease stays as dirty, and the reason is in its record and in the journal.</returns>
    public bool Run(Lease lease)
    {
        try
        {
            Note(lease, () => lease.Enter(Phase.Releasing));
            node.Hypervisor.Destroy(lease.Record.Machine);
            Trouble = node.Disks.Trouble(lease.Record.Disk);
            if (Trouble is not null)
                Journal.Write(Severity.Warning, $"run job {lease.Record.Job} of {lease.Record.Owner}: {Trouble}");
            node.Disks.Drop(lease.Record.Disk);
            lease.Delete();
            return true;
        }
        catch (Exception e) when (e is ApplianceException or IOException or UnauthorizedAccessException)
        {
            Journal.Write(Severity.Error, $"release slot {lease.Record.Slot}, job {lease.Record.Job}: {e.Message}; it stays unused until: vmappliance maintenance reap");
            Note(lease, () => lease.Soil(e.Message));
            return false;
        }
    }

    /// <summary>What the machine has used; null when it is gone.</summary>
    public MachineUsage? Usage(Lease lease)
    {
        try
        {
            return node.Hypervisor.Usage(lease.Record.Machine);
        }
        catch (ApplianceException e)
        {
            // Not to know it must not keep anybody from taking the machine down.
            Journal.Write(Severity.Warning, $"account for job {lease.Record.Job}: {e.Message}");
            return null;
        }
    }

    /// <summary>Releases what an earlier attempt at the same job left, e.g. when its shepherd was killed.</summary>
    /// <exception cref="ApplianceException">That attempt is still at work.</exception>
    public void Leftover(Job job)
    {
        var key = job.Key;
        using var lease = node.Leases.TryOpen(key, out var isBusy);
        if (isBusy || (lease is not null && (IsInUse(lease) || !Belongs(lease.Record, job))))
            throw new ApplianceException(Blame.Transient, "claim slot", $"job {key}", "this job has a machine here already, and it is in use",
                "two hooks of one job at the same time; see: vmappliance maintenance status");
        if (lease is not null)
            Run(lease);
    }

    /// <summary>Whether a lease is this job's, and not one of the same number in another cell.</summary>
    public static bool Belongs(LeaseRecord lease, Job job) => lease.LivesIn == job.LivesIn && lease.Owner == job.Owner;

    // A starter keeps a shared lock on the owner's file as long as it runs.
    static bool IsInUse(Lease lease)
    {
        var pass = LeaseStore.PassFile(lease.Directory);
        if (Files.Facts(pass) is null)
            return false;
        using var starter = FileLock.Try(pass);
        return starter is null;
    }

    // Taking down must work on a full disk, too; any phase that the record may be left at is one from which reap finishes the work.
    static void Note(Lease lease, Action write)
    {
        try
        {
            write();
        }
        catch (IOException e)
        {
            Journal.Write(Severity.Warning, $"write record, job {lease.Record.Job}: {e.Message}");
        }
    }
}
