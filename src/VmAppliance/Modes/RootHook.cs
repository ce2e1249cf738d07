using System.Globalization;
using System.Text;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary>What every hook that needs root does first.</summary>
static class RootHook
{
    const string Sudo = "/usr/bin/sudo", Hooks = "/usr/libexec/vmappliance";

    /// <summary>
    /// Makes sure that a hook is root, with the limits of a machine and not of a job. A queue without <c>root@</c> starts it as the job's
    /// owner: then it becomes the same hook through sudo, which lets it pass with this one variable and no arguments.
    /// </summary>
    /// <exception cref="ApplianceException">sudo is not there, or limits cannot be lifted.</exception>
    public static void Enter(string hook)
    {
        if (Host.EffectiveUser != 0)
            ThroughSudo(hook);
        Host.SetUmask(0x12 /* 022 */);
        if (Limits.Lift() is [var kept, ..])
            throw new ApplianceException(Blame.Job, "lift limits", $"resource {kept.Resource} of {kept.Soft}", "this node does not let its root raise it",
                "ask for more with -l h_vmem, or give the execution daemon CAP_SYS_RESOURCE");
    }

    /// <summary>Who called through sudo; null when the batch system itself called as root.</summary>
    public static int? Caller => int.TryParse(InitialProcess.Variable("SUDO_UID"), NumberStyles.None, CultureInfo.InvariantCulture, out var uid) ? uid : null;

    static void ThroughSudo(string hook)
    {
        string[] argv = [Sudo, "-n", "--", $"{Hooks}/{hook}"];
        var environment = new[] { GridEngine.SpoolVariable, GridEngine.ExitVariable }
            .Select(name => (name, value: InitialProcess.Variable(name))).Where(v => v.value is not null)
            .Select(v => Encoding.UTF8.GetBytes($"{v.name}={v.value}")).ToList();
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
