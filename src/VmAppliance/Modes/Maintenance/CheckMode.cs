using System.CommandLine;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Jobs;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance check</c>: can this node run jobs, and what to do if not.</summary>
static class CheckMode
{
    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var verify = new Option<bool>("--verify") { Description = "Read images and templates whole, and compare their checksums." };
        var command = new Command("check", "Tell whether this node can run jobs, and what to do if not.") { json, verify };
        command.SetAction(parsed => Check(configuration(parsed), parsed.GetValue(json), parsed.GetValue(verify)));
        return command;
    }

    static int Check(string configuration, bool json, bool verify)
    {
        ReapMode.RequireRoot("check node");
        var findings = new NodeCheck(new Node(ConfigurationFile.Load(configuration)), verify).Run();
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(findings, MaintenanceJson.Default.IReadOnlyListFinding));
        else
            Print(findings);
        return findings.Any(f => f.Verdict == "error") ? 1 : 0;
    }

    static void Print(IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
        {
            Console.WriteLine($"{finding.Verdict,-8} {finding.Subject}: {finding.Text}");
            if (finding.Advice is not null)
                Console.WriteLine($"         (hint: {finding.Advice})");
        }
        Console.WriteLine(findings.Any(f => f.Verdict == "error") ? "this node cannot run jobs in machines" : "this node can run jobs in machines");
    }
}
