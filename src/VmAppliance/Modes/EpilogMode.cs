using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary><c>epilog</c>: destroys the job's machine and accounts for it.</summary>
static class EpilogMode
{
    /// <summary>Runs the hook.</summary>
    /// <returns>Always 0: any other status would make Grid Engine run a finished job again. What goes wrong is left to reap.</returns>
    public static int Run()
    {
        try
        {
            RootHook.Enter("epilog");
            Release();
        }
        catch (Exception e)
        {
            Journal.Write(Severity.Error, $"epilog: {e.Message}");
        }
        return GridEngine.Ok;
    }

    static void Release()
    {
        var settings = ConfigurationFile.Load(ConfigurationFile.Locate());
        var job = GridEngine.CurrentJob(settings.GridEngine.AdminUser, RootHook.Caller);
        var node = new Node(settings);
        using var lease = node.Leases.Open(job.Key);
        if (lease is null || !ReleaseJob.Belongs(lease.Record, job))
            return;
        var release = new ReleaseJob(node);
        var usage = release.Usage(lease);
        Settle(node.Tries, lease, job);
        release.Run(lease);
        release.Complain();
        if (usage is not null && job.LivesIn is not null)
            Account(job.LivesIn, usage);
    }

    // A job that has neither begun nor ended for good comes again. Also 99 may be its own wish: then it has begun.
    static void Settle(TryStore tries, Lease lease, Job job)
    {
        var hasBegun = lease.HasBegun;
        if (hasBegun)
            tries.Begun(lease.Record.Image, lease.Record.Since);
        if (hasBegun || (job.LivesIn is { } spool && UsageFile.ExitStatus(spool) is not (null or GridEngine.RunAgain)))
            tries.Forget(job.Key);
    }

    static void Account(string spool, MachineUsage usage)
    {
        try
        {
            UsageFile.Add(spool, usage.User, usage.System, usage.PeakMemoryKiB);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // The job was deleted before it began: there is nothing to account for.
        }
    }
}
