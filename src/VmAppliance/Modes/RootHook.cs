using System.Globalization;
using System.Text;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary>What every hook that needs root does first.</summary>
static class RootHook
{
    // What QEMU takes beside the guest's memory (most of it address space for translated code), and what a slow boot takes.
    const ulong EmulatorMemory = 3UL << 30, BootSeconds = 120;

    const string Sudo = "/usr/bin/sudo", Hooks = "/usr/libexec/vmappliance";

    /// <summary>
    /// Makes sure that a hook is root, with the limits of a machine and not of a job. A queue without <c>root@</c> starts it as the job's
    /// owner: then it becomes the same hook through sudo, which lets it pass with this one variable and no arguments.
    /// </summary>
    /// <returns>The job's limits that this node does not let its root lift (no CAP_SYS_RESOURCE): a machine would have them, too.</returns>
    /// <exception cref="ApplianceException">sudo is not there.</exception>
    public static IReadOnlyList<Limit> Enter(string hook)
    {
        if (Host.EffectiveUser != 0)
            ThroughSudo(hook);
        Limits.SuitHook();
        Complaint.NeverWait();
        Host.SetUmask(0x12 /* 022 */);
        // The job's directory is its owner's: nothing is to be looked for or left there.
        Directory.SetCurrentDirectory("/");
        return Limits.Lift();
    }

    /// <summary>Refuses a job whose limits would keep its machine from running; larger ones do no harm, as the job has them in its machine anyway.</summary>
    /// <param name="kept">Limits that could not be lifted.</param>
    /// <param name="memory">The machine's memory in bytes.</param>
    /// <exception cref="ApplianceException">One of them is too small.</exception>
    public static void RefuseTooSmall(IReadOnlyList<Limit> kept, long memory)
    {
        foreach (var limit in kept)
        {
            var (name, least) = limit.Resource switch
            {
                Limits.AS or Limits.DATA => (limit.Resource == Limits.AS ? "h_vmem" : "h_data", (ulong)memory + EmulatorMemory),
                Limits.CPU => ("h_cpu", BootSeconds),
                Limits.FSIZE => ("h_fsize", (ulong)memory),
                _ => ("", 0UL),
            };
            if (limit.Soft < least)
                throw new ApplianceException(Blame.Job, "lift limits", $"{name} of {limit.Soft}", "this node does not let its root lift it, and a machine needs more",
                    $"ask for at least -l {name}={least}, or give the execution daemon CAP_SYS_RESOURCE");
        }
    }

    /// <summary>Who called through sudo; null when the batch system itself called as root.</summary>
    public static int? Caller => int.TryParse(InitialProcess.Variable("SUDO_UID"), NumberStyles.None, CultureInfo.InvariantCulture, out var uid) ? uid : null;

    static void ThroughSudo(string hook)
    {
        string[] argv = [Sudo, "-n", "--", $"{Hooks}/{hook}"];
        byte[][] environment = InitialProcess.Variable(GridEngine.SpoolVariable) is { } spool ? [Encoding.UTF8.GetBytes($"{GridEngine.SpoolVariable}={spool}")] : [];
        try
        {
            Exec.Replace(Sudo, [.. argv.Select(Encoding.UTF8.GetBytes)], environment);
        }
        catch (LinuxException e)
        {
            throw new ApplianceException(Blame.Node, "become root", Sudo, e.Reason, $"set the queue's {hook} to root@{Hooks}/{hook}, or install sudo", e);
        }
    }
}
