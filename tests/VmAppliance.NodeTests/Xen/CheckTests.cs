using System.Text.Json;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>What <c>maintenance check</c> finds on a dom0.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class CheckTests
{
    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    static Dictionary<string, string> Findings(string configuration) =>
        JsonDocument.Parse(XenNode.CallWith(configuration, "maintenance", "check", "--json").Output).RootElement.EnumerateArray()
            .Select(f => (Subject: f.GetProperty("subject").GetString()!, Text: $"{f.GetProperty("verdict").GetString()}: {f.GetProperty("finding").GetString()}"))
            .GroupBy(f => f.Subject).ToDictionary(g => g.Key, g => string.Join("; ", g.Select(f => f.Text)));

    [Test]
    public async Task A_dom0_that_can_run_jobs_is_found_to_be_one()
    {
        var findings = Findings(XenNode.Configuration);
        await Assert.That(findings["xenstored"]).IsEqualTo("ok: answers, this is Domain-0");
        await Assert.That(findings["xenconsoled"]).IsEqualTo("ok: runs");
        await Assert.That(findings["xl"]).StartsWith("ok: /").And.Contains("Xen 4.");
        await Assert.That(findings["memory"]).StartsWith("ok: 2 slots of 160MiB; Xen has ");
        await Assert.That(findings["scripts"]).IsEqualTo("ok: /usr/libexec/vmappliance/xen");
        await Assert.That(findings["network"]).IsEqualTo("ok: bridge vmabr0, 192.168.77.0/24");
        await Assert.That(findings.Values.Where(f => f.StartsWith("error", StringComparison.Ordinal))).IsEmpty();
    }

    [Test]
    public async Task What_is_missing_is_named()
    {
        const string configuration = "/etc/vmappliance/lacking.ini";
        XenNode.Configure(configuration, "/var/lib/vmappliance", [$"volume_group = {TestGroup.Name}", "[xen]", "scripts = /nowhere", "[network]", "bridge = br-none"]);
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace("memory = 160MiB", "memory = 16GiB", StringComparison.Ordinal));
        var findings = Findings(configuration);
        await Assert.That(findings["scripts"]).Contains("error: /nowhere/vma-block is missing").And.Contains("/nowhere/vma-vif");
        await Assert.That(findings["network"]).IsEqualTo("error: there is no bridge br-none");
        await Assert.That(findings["memory"]).StartsWith("warning: 2 slots of 16GiB; Xen has ");
    }
}
