using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary>
/// <c>suspend</c>, <c>resume</c>, <c>terminate</c>: control methods of a queue, run as the job's owner with
/// <c>$job_id $job_pid</c>. Without a machine (a queue with <c>image = none</c>) they signal the job itself.
/// </summary>
static class ControlModes
{
    const int SIGKILL = 9, SIGCONT = 18, SIGSTOP = 19;

    /// <summary>Runs a method.</summary>
    /// <param name="mode">Which.</param>
    /// <param name="arguments">Job id and the starter's process group.</param>
    /// <returns>0, or 1 when it could not be done.</returns>
    public static int Run(string mode, IReadOnlyList<string> arguments)
    {
        try
        {
            var settings = ConfigurationFile.Load(ConfigurationFile.Locate());
            var node = new Node(settings);
            var isRoots = settings.Appliance.Hypervisor == HypervisorKind.Xen;
            if (isRoots && Host.EffectiveUser == 0)
            {
                AsRoot(mode, node);
                return 0;
            }
            var call = ControlCall.Read(arguments, InitialProcess.Variable);
            var (key, starter) = (call.Key ?? StarterMode.CurrentKey(), call.Starter);
            var machine = node.Leases.PassOf(key) is null ? null : node.Leases.DirectoryOf(key);
            if (isRoots && machine is not null)
                ThroughRoot(mode, starter);
            else
                Act(mode, node, machine, starter);
            return 0;
        }
        catch (Exception e)
        {
            Complaint.Say(Complaint.Text(e));
            Journal.Write(Severity.Error, $"{mode}: {e.Message}");
            return 1;
        }
    }

    // A domain is root's. What a task does to itself is the job's business, not the machine's.
    static void ThroughRoot(string mode, int starter)
    {
        if (mode == "terminate")
            Kill.Group(starter, SIGKILL);
        if (!IsSubtask())
            RootHook.Enter(mode);
    }

    // The owner's word counts for nothing here: which job it is says the batch system's directory, and that it is the caller's.
    static void AsRoot(string mode, Node node)
    {
        RootHook.Enter(mode);
        var job = GridEngine.CurrentJob(node.Settings.GridEngine.AdminUser, RootHook.Caller);
        if (node.Leases.Records().FirstOrDefault(r => r.Job == $"{job.Key}") is not { Phase: Phase.Ready } lease || !ReleaseJob.Belongs(lease, job))
            return;
        if (mode == "resume")
            node.Hypervisor.Resume(node.Leases.DirectoryOf(job.Key));
        else
            node.Hypervisor.Pause(node.Leases.DirectoryOf(job.Key));
    }

    static void Act(string mode, Node node, string? machine, int starter)
    {
        switch (mode)
        {
            case "suspend" when machine is not null:
                node.Hypervisor.Pause(machine);
                break;
            case "resume" when machine is not null:
                node.Hypervisor.Resume(machine);
                SetClock(machine);
                break;
            case "suspend":
                Kill.Group(starter, SIGSTOP);
                break;
            case "resume":
                Kill.Group(starter, SIGCONT);
                break;
            case "terminate":
                Terminate(node, machine, starter);
                break;
        }
    }

    // The job must not run an instruction more; the machine itself is left, still, for the epilog to account for and to destroy.
    static void Terminate(Node node, string? machine, int starter)
    {
        Kill.Group(starter, SIGKILL);
        if (machine is not null && !IsSubtask())
            node.Hypervisor.Pause(machine);
    }

    // A task of a parallel job that was started by qrsh -inherit has a spool directory of its own below the job's; the job goes on without it.
    static bool IsSubtask() => InitialProcess.Variable(GridEngine.SpoolVariable) is { } spool && JobKey.Parse(Path.GetFileName(spool)) is null;

    // The machine's clock stood still. Its agent sets it as soon as it runs; nobody waits for that.
    static void SetClock(string machine)
    {
        using var channel = GuestChannel.TryOpen(MachineDirectory.Port(machine));
        channel?.Send(new GuestMessage { TimeNanoseconds = IdentityOf.TimeNanoseconds() });
    }
}
