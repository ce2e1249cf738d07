using VmAppliance.Configuration;
using VmAppliance.Jobs;
using VmAppliance.Tests.Hypervisors;

namespace VmAppliance.Tests.Jobs;

/// <summary>Rests on a node of Xen's, whose xl is the test's own.</summary>
[RequiresRoot]
sealed class XenReaperTests
{
    readonly Guid _uuid = Guid.NewGuid();

    // Its one domain says that it runs for the lease of a job.
    Node Node(TempDirectory directory, string lease, string script = "exit 0")
    {
        var list = $$"""[{"domid":3,"config":{"c_info":{"uuid":"{{_uuid}}"},"b_info":{"cmdline":"vmappliance.lease={{directory["run"]}}/leases/{{lease}}"} } }]""";
        var xl = FakeXl.Write(directory, $"""
            echo "$*" >>{directory["asked"]}
            case "$*" in
            'list -l') echo '{list}';;
            'list -v') echo 'vma-{lease} 3 255 1 -b---- 4.1 {_uuid} - -';;
            *) {script};;
            esac
            """);
        return new Node(SettingsReader.Read($"[appliance]\nhypervisor = xen\nrun_dir = {directory["run"]}\nstate_dir = {directory["state"]}\n[slots]\ncount = 3\n[xen]\nxl = {xl}\n", out _, out _));
    }

    static string Reap(Node node) => string.Join('\n', new Reaper(node).Run(dryRun: false).Select(r => $"{r.Kind} {r.Name}: {r.Gone} {r.Trouble}"));

    [Test]
    public async Task A_machine_that_does_not_go_keeps_nobody_from_removing_the_rest()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["state/disks"]);
        File.WriteAllText(directory["state/disks/8.1.raw"], "");
        await Assert.That(Reap(Node(directory, "7.1"))).IsEqualTo("machine 7.1: False end machine, domain vma-7.1 (3): it does not go\ndisk 8.1: True ");
        await Assert.That(File.Exists(directory["state/disks/8.1.raw"])).IsFalse();
    }

    [Test]
    public async Task A_machine_that_a_lease_knows_is_never_ended_wherever_it_claims_to_belong()
    {
        using var directory = new TempDirectory();
        var node = Node(directory, "forged.1");
        node.Leases.Claim(Sample.Key("7"), s => Sample.Record(Sample.Key("7"), s, Phase.Ready, directory.Path) with { Machine = new(0, 0, _uuid) })!.Dispose();
        await Assert.That(Reap(node)).IsEqualTo("");
        await Assert.That(File.ReadAllLines(directory["asked"])).DoesNotContain("destroy 3");
    }

    [Test]
    public async Task Usage_that_cannot_be_asked_for_is_not_known_and_keeps_nobody_from_releasing()
    {
        using var directory = new TempDirectory();
        var node = new Node(SettingsReader.Read($"[appliance]\nhypervisor = xen\nrun_dir = {directory["run"]}\n[xen]\nxl = {FakeXl.Write(directory, "exit 1")}\n", out _, out _));
        using var lease = node.Leases.Claim("7", Phase.Ready, livesIn: directory.Path)!;
        await Assert.That(new ReleaseJob(node).Usage(lease)).IsNull();
    }
}
