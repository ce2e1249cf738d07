using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;
using static VmAppliance.Modes.Maintenance.Finding;

namespace VmAppliance.Modes.Maintenance;

/// <summary>Whether Grid Engine starts this node's jobs through vmappliance-shepherd: sge_conf(5) under shepherd_cmd.</summary>
/// <param name="node">This node.</param>
sealed class ShepherdCheck(Node node)
{
    const string Shepherd = "vmappliance-shepherd", Subject = "Grid Engine";

    // What points a command of Grid Engine's at its cell. They are of who calls check: sudo lets none of them through.
    static readonly string[] s_variables = ["SGE_ROOT", "SGE_CELL", "SGE_QMASTER_PORT", "SGE_EXECD_PORT", "SGE_CLUSTER_NAME"];

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>What is found of the queues that have machines.</summary>
    public IEnumerable<Finding> Run()
    {
        var queues = node.Settings.Queues.Where(q => q.Value.Image is not null).Select(q => q.Key).ToList();
        if (queues.Count == 0)
            return [];
        if (Ask("-sql") is not { } known)
            return [Warning(Subject, $"it does not say whether jobs start through {Shepherd}", "is qconf here, and are SGE_ROOT and SGE_CELL set?")];
        var served = queues.Intersect(known.Split('\n')).ToList();
        if (served.Count == 0)
            return [];
        var command = Value(Ask("-sconf", Environment.MachineName)) ?? Value(Ask("-sconf", "global"));
        return [command is not null && Path.GetFileName(command) == Shepherd ? Good(Subject, $"jobs start through {command}")
            : Bad(Subject, $"jobs do not start through {Shepherd}: any user of {string.Join(", ", served)} can become root on this node",
                $"run: vmappliance-queue setup {served[0]}")];
    }

    static string? Ask(params string[] words)
    {
        try
        {
            var variables = s_variables.Select(n => (n, v: InitialProcess.Variable(n))).Where(v => v.v is not null).Select(v => $"{v.n}={v.v}").Append("SGE_SINGLE_LINE=1");
            return Program() is { } program && CommandRunner.Run([program, .. words], s_patience, null, [.. variables]) is { Status: 0 } answer ? answer.Output : null;
        }
        catch (ApplianceException)
        {
            return null; // It does not answer.
        }
    }

    static string? Program() => CommandRunner.Find("qconf")
        ?? (InitialProcess.Variable("SGE_ROOT") is { } root && Directory.Exists($"{root}/bin") ? Directory.GetDirectories($"{root}/bin").Select(d => $"{d}/qconf").FirstOrDefault(File.Exists) : null);

    static string? Value(string? configuration) => configuration?.Split('\n').Where(l => l.StartsWith("shepherd_cmd ", StringComparison.Ordinal))
        .Select(l => l["shepherd_cmd ".Length..].Trim()).FirstOrDefault(v => v is not "" && !v.Equals("none", StringComparison.OrdinalIgnoreCase));
}
