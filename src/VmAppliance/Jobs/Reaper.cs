using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Images;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Something that was left behind.</summary>
/// <param name="Kind">directory, lease, machine, disk, template, import or tries.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why nobody needs it.</param>
/// <param name="Gone">Whether it has been removed.</param>
/// <param name="Trouble">Why it could not be removed.</param>
sealed record Rest(string Kind, string Name, string Reason, bool Gone, string? Trouble = null);

/// <summary>Removes what no living job owns, after whatever crash; touches nothing else.</summary>
sealed class Reaper(Node node)
{
    /// <summary>Looks for rests and removes them.</summary>
    /// <param name="dryRun">Only say what would be removed.</param>
    public IReadOnlyList<Rest> Run(bool dryRun) =>
    [
        .. Halves(dryRun), .. Leases(dryRun), .. Machines(dryRun), .. Disks(dryRun),
        .. HalfTemplates(dryRun), .. HalfImports(dryRun), .. OldTries(dryRun),
    ];

    IEnumerable<Rest> Halves(bool dryRun) => node.Leases.Sweep(dryRun)
        .Select(name => new Rest("directory", name, "a hook was killed while it made or removed it", !dryRun));

    IEnumerable<Rest> OldTries(bool dryRun) => node.Tries.Sweep(dryRun).Select(name => new Rest("tries", name,
        $"its job has not come for {TryStore.Memory.TotalHours:0} hours, or not since the node was booted", !dryRun));

    IEnumerable<Rest> HalfTemplates(bool dryRun)
    {
        foreach (var shelf in node.Images.List().Select(node.Shelf))
        {
            using var alone = shelf.TryLock();
            foreach (var half in alone is null ? [] : shelf.Halves())
            {
                // One that waits for a machine to end is no rest.
                if (dryRun || shelf.Remove(half))
                    yield return new Rest("template", Path.GetFileName(half), "whoever made or removed it was killed", !dryRun);
            }
        }
    }

    IEnumerable<Rest> HalfImports(bool dryRun)
    {
        // Who has the lock imports: what he is at work on is no rest.
        using var alone = node.Images.TryLock();
        foreach (var half in alone is null ? [] : node.Images.Halves())
        {
            var trouble = dryRun ? null : Discard(half);
            yield return new Rest("import", Path.GetFileName(half), "whoever imported or removed it was killed", !dryRun && trouble is null, trouble);
        }
    }

    string? Discard(string half)
    {
        try
        {
            node.Images.Discard(half);
            return null;
        }
        catch (ApplianceException e)
        {
            return e.Message;
        }
    }

    IEnumerable<Rest> Leases(bool dryRun)
    {
        foreach (var record in node.Leases.Records())
        {
            using var lease = node.Leases.TryOpen(record.Key, out _);
            // Somebody is at work on it, or it is gone meanwhile.
            if (lease is null || WhyDead(lease.Record) is not { } reason)
                continue;
            var gone = !dryRun && new ReleaseJob(node).Run(lease);
            yield return new Rest("lease", lease.Record.Job, reason, gone, gone || dryRun ? null : lease.Record.Trouble);
        }
    }

    static string? WhyDead(LeaseRecord record) => record switch
    {
        { Phase: Phase.Dirty } => $"it could not be released: {record.Trouble}",
        { Phase: Phase.Releasing } => "its release was interrupted",
        _ when record.BootId != Host.BootId() => "the node was booted since",
        { LivesIn: null } => "the command that held it is gone",
        { LivesIn: { } path } when IsGone(path) => "the batch system has no such job here any more",
        _ => null,
    };

    // Only a clear "there is nothing" counts: a file server that does not answer must not end anybody's job.
    static bool IsGone(string path)
    {
        try
        {
            return Files.Facts(path) is null;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    // A lease goes only after its machine: without one there was a hand in it (rm -r of the run directory).
    IEnumerable<Rest> Machines(bool dryRun)
    {
        // Never one that a lease knows, wherever it claims to belong.
        var leased = node.Leases.Records().Select(r => r.Machine.Uuid).ToHashSet();
        foreach (var (directory, machine) in node.Hypervisor.Machines(node.Leases.Root).Where(m => !Directory.Exists(m.Directory) && !leased.Contains(m.Machine.Uuid)))
        {
            var trouble = dryRun ? null : End(machine);
            yield return new Rest("machine", Path.GetFileName(directory), "it belongs to no lease", !dryRun && trouble is null, trouble);
        }
    }

    // One that does not go keeps nobody from removing the rest.
    string? End(MachineReference machine)
    {
        try
        {
            node.Hypervisor.Destroy(machine);
            return null;
        }
        catch (ApplianceException e)
        {
            Journal.Write(Severity.Error, $"reap machine {machine.Uuid}: {e.Message}");
            return e.Message;
        }
    }

    IEnumerable<Rest> Disks(bool dryRun)
    {
        if (node.Disks.InUse().Count == 0)
            yield break;
        // Nobody claims a slot meanwhile: between the look and the deed a disk could become the next job's.
        using var still = node.Leases.Freeze();
        var records = node.Leases.Records();
        foreach (var disk in node.Disks.InUse().Where(d => (d.Job is null || JobKey.Parse(d.Job) is not null) && !records.Any(r => d.IsOf(r.Job, r.Slot))))
        {
            if (!dryRun)
                node.Disks.Drop(disk);
            yield return new Rest("disk", $"{disk}", "it belongs to no lease", !dryRun);
        }
    }
}
