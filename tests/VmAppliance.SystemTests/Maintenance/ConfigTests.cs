using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>config prints what is in force, as a file that means the same.</summary>
sealed class ConfigTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task OutputIsAConfigurationThatMeansTheSame()
    {
        var node = Session.With("config", "slots.cpus = 3", "network.kind = tap", "network.nameservers = 192.0.2.1 192.0.2.2", "image:demo.append = quiet a=b", "image:demo.memory = 1536MiB",
            "queue:vm.q.image = demo", "queue:native.q.image = none", "queue:vm.q.lost_status = 99", "appliance.ready_timeout = 90s");
        var file = $"{node.Home}/printed.ini";

        var first = await node.Maintenance("config").Require();
        await File.WriteAllTextAsync(file, first);
        var second = await node.Command("--config", file, "maintenance", "config").Require();

        await Assert.That(Values(second)).IsEqualTo(Values(first));
        foreach (var value in new[] { "cpus = 3", "kind = tap", "nameservers = 192.0.2.1 192.0.2.2", "append = quiet a=b", "memory = 1536MiB", "[queue:native.q]\nimage = none", "lost_status = 99", $"run_dir = {node.RunDirectory}" })
            await Assert.That(Values(first)).Contains(value);
        await Assert.That(first).Contains("# default\nrestrict = no");
    }

    static string Values(string text) => string.Join('\n', text.Split('\n').Where(l => !l.StartsWith('#')));
}
