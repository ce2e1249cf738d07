using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Network;

/// <summary>Machines as neighbours on a bridge: an address and a MAC per slot, a tap that lives as long as its machine.</summary>
[ParallelLimiter<TwoMachines>]
sealed class TapTests
{
    const string Bridge = "vmabr-test";

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task MachineHasItsSlotsAddress()
    {
        var node = Session.With("tap", "network.kind = tap", $"network.bridge = {Bridge}", "network.subnet = 192.168.213.0/24", "network.gateway = 192.168.213.1",
            "network.mac_prefix = 52:54:0a");
        await using var bridge = await MakeBridge();
        await using var run = (node.Script("ip -4 -o address show; ip route; cat /sys/class/net/*/address; echo ready; cat") with { KeepInputOpen = true }).Start();
        await run.Output.Contains("ready\n");

        var taps = Taps();
        await run.Input.DisposeAsync();
        var result = await run.Ended;

        await Assert.That(result.Status).IsEqualTo(0).Because($"{result}");
        await Assert.That(result.Text).Contains("192.168.213.10/24").And.Contains("default via 192.168.213.1");
        await Assert.That(result.Lines.Count(l => l.StartsWith("52:54:0a:", StringComparison.Ordinal) && l.EndsWith(":00", StringComparison.Ordinal))).IsEqualTo(1);
        await Assert.That(taps.Count).IsEqualTo(1);
        await Eventually.Holds("the tap is gone", () => Taps().Count == 0);
        await Assert.That(node.Rests()).IsEmpty();
    }

    // In a network of its own, whose kernel gives up after 4 attempts, some 6 s, and not after 15, some 16 minutes: tcp_retries2 in tcp(7).
    [Test]
    public async Task ASuspendedMachineIsNeverLostByATimer()
    {
        var node = Session.With("suspended", "network.kind = tap", $"network.bridge = {Bridge}", "network.subnet = 192.168.213.0/24", "network.gateway = 192.168.213.1");
        const string Network = $"ip link add {Bridge} type bridge && ip address add 192.168.213.1/24 dev {Bridge} && ip link set {Bridge} up && ip link set lo up "
            + "&& echo 4 >/proc/sys/net/ipv4/tcp_retries2 && exec \"$@\"";
        await using var run = (node.Script("echo ready; read line; echo got $line; cat") with { KeepInputOpen = true })
            .Behind("unshare", "--net", "--mount", "--", "sh", "-c", $"mount -t sysfs sysfs /sys && {Network}", "sh").Start();
        await run.Output.Contains("ready\n");
        var job = new Dictionary<string, string> { ["JOB_ID"] = $"run{run.Pid}" };

        await (new Command($"{node.Hooks}/suspend", $"run{run.Pid}", "1", "0") { Environment = job }).Require();
        await run.Say("something");
        await Task.Delay(TimeSpan.FromSeconds(25));
        await (new Command($"{node.Hooks}/resume", $"run{run.Pid}", "1", "0") { Environment = job }).Require();
        await run.Output.Contains("got something\n");
        await run.Input.DisposeAsync();

        await Assert.That((await run.Ended).ToString()).IsEqualTo(new CommandResult(0, "ready\ngot something\n"u8.ToArray(), []).ToString());
        await Assert.That(node.Rests()).IsEmpty();
    }

    static List<string> Taps() => Directory.Exists($"/sys/class/net/{Bridge}/brif") ? [.. Directory.GetFileSystemEntries($"/sys/class/net/{Bridge}/brif")] : [];

    static async Task<IAsyncDisposable> MakeBridge()
    {
        await new Command("ip", "link", "add", Bridge, "type", "bridge").Require();
        var undo = new Undo();
        await new Command("ip", "address", "add", "192.168.213.1/24", "dev", Bridge).Require();
        await new Command("ip", "link", "set", Bridge, "up").Require();
        return undo;
    }

    sealed class Undo : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await new Command("ip", "link", "delete", Bridge).Require();
    }
}
