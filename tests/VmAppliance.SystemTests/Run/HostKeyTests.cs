using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Only the machine with the lease's own host key is spoken to.</summary>
[ParallelLimiter<TwoMachines>]
sealed class HostKeyTests
{
    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    public async Task AnotherHostKeyIsRefused()
    {
        // A lease that leads to the held machine, but expects another key.
        var node = Machine.Session.With("forged");
        var lease = $"{node.RunDirectory}/leases/forged.1";
        Directory.CreateDirectory(lease);
        var pass = await File.ReadAllTextAsync($"{Machine.Node.RunDirectory}/leases/{Machine.Node.Leases.Single()}/pass.json");
        var key = pass.IndexOf("hostKeyFingerprint\": \"", StringComparison.Ordinal) + "hostKeyFingerprint\": \"".Length;
        await File.WriteAllTextAsync($"{lease}/pass.json", $"{pass[..key]}AAAA{pass[(key + 4)..]}");

        var result = await new Command($"{node.Hooks}/starter", "touch", "/tmp/trusted") { Environment = new Dictionary<string, string> { ["JOB_ID"] = "forged" } }.Run();
        Directory.Delete(lease, recursive: true);

        await Assert.That(result.Status).IsEqualTo(99);
        await Assert.That(result.ErrorText).Contains("Host key could not be verified").And.Contains("; the machine runs");
        await Assert.That((await Machine.Start("test", "-e", "/tmp/trusted").Run()).Status).IsEqualTo(1);
    }
}
