using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Modes;

/// <summary><c>prolog</c>: gives the job that the batch system is about to start a machine of its own.</summary>
static class PrologMode
{
    /// <summary>Runs the hook.</summary>
    /// <returns>The status that tells Grid Engine whose fault a failure is.</returns>
    public static int Run()
    {
        try
        {
            // The batch system started this in the job's directory, which no hook of root's stays in.
            var directory = InitialProcess.Directory();
            Prepare(RootHook.Enter("prolog"), directory);
            return GridEngine.Ok;
        }
        catch (Exception e)
        {
            Complaint.Say(Complaint.Text(e));
            Journal.Write(Severity.Error, $"prolog: {e.Message}");
            return GridEngine.PrologStatus(Complaint.BlameOf(e));
        }
    }

    static void Prepare(IReadOnlyList<Limit> kept, byte[]? directory)
    {
        var settings = ConfigurationFile.Load(ConfigurationFile.Locate());
        var job = GridEngine.CurrentJob(settings.GridEngine.AdminUser, RootHook.Caller);
        var queue = Queue(settings, job.Queue);
        if (queue.Image is null)
            return;
        if (job.TooSmallLimit is not null)
            throw new ApplianceException(Blame.Job, "start job", $"{job.Key}", $"its limit {job.TooSmallLimit} is too small for what starts it in its machine",
                "ask for more, or for none: what a job may use in its machine is bounded by the machine");
        if (job.Hosts > 1)
            throw new ApplianceException(Blame.Job, "prepare job", $"job {job.Key}", $"it goes over {job.Hosts} hosts, and no prolog makes machines on the others",
                "ask for a parallel environment whose allocation_rule is $pe_slots, or for a queue with image = none");
        RootHook.RefuseTooSmall(kept, settings.Image(queue.Image).MemoryFor(job.Slots));
        Tell(job, kept);
        var timeline = new Timeline();
        using var lease = new CountedStart(new Node(settings), timeline).Run(
            new MachineRequest(job, AccountDatabase.Get(job.Owner), queue.Image, queue.LostStatus, Directory: directory));
        Journal.Write(Severity.Information, $"job {job.Key} of {job.Owner}: slot {lease.Record.Slot}, image {queue.Image}, {timeline}");
    }

    static void Tell(Job job, IReadOnlyList<Limit> kept)
    {
        foreach (var limit in kept.Where(l => l.Resource == Limits.CPU))
            Journal.Write(Severity.Warning, $"prolog, job {job.Key}: h_cpu of {limit.Hard} s holds for its machine as a whole, as this node does not let its root lift it");
    }

    /// <summary>The settings of a queue.</summary>
    /// <exception cref="ApplianceException">The configuration does not know it.</exception>
    public static QueueSettings Queue(Settings settings, string name) => settings.Queues.TryGetValue(name, out var queue) ? queue
        : throw new ApplianceException(Blame.Node, "choose image", $"queue {name}",
            $"the configuration does not know this queue{NearestName.Suggestion(name, settings.Queues.Keys)}",
            $"add to {ConfigurationFile.Locate()}: [queue:{name}] with image = NAME (or none)");
}
