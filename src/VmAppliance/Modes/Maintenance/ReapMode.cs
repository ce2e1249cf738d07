using System.CommandLine;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance reap</c>: removes what no living job owns, and heals dirty slots.</summary>
static class ReapMode
{
    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be removed." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("reap", "Remove what no living job owns; heal dirty slots.") { dryRun, json };
        command.SetAction(parsed => Reap(configuration(parsed), parsed.GetValue(dryRun), parsed.GetValue(json)));
        return command;
    }

    static int Reap(string configuration, bool dryRun, bool json)
    {
        RequireRoot("reap");
        var rests = new Reaper(new Node(ConfigurationFile.Load(configuration))).Run(dryRun);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(rests, MaintenanceJson.Default.IReadOnlyListRest));
        else
            foreach (var rest in rests)
                Console.WriteLine($"{rest.Kind} {rest.Name}: {rest.Reason}: {(rest.Gone ? "removed" : dryRun ? "would be removed" : $"could not be removed: {rest.Trouble}")}");
        return dryRun || rests.All(r => r.Gone) ? 0 : 1;
    }

    /// <summary>Refuses to go on as anybody but root.</summary>
    /// <exception cref="ApplianceException">This is not root.</exception>
    public static void RequireRoot(string what)
    {
        if (Host.EffectiveUser != 0)
            throw new ApplianceException(Blame.Usage, what, "maintenance", "only root can do this", "use sudo");
    }
}
