using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Where the processor is emulated, what was translated once serves each program that is executed later; elsewhere programs are where nobody can guess.</summary>
[ParallelLimiter<TwoMachines>]
sealed class EmulationTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    [Arguments("--cold")]
    [Arguments("--timeline")] // resumed
    public async Task ProgramsAreAtTheSameAddressesIfTheProcessorIsEmulated(string how)
    {
        var node = Session.With("emulation");
        var lines = (await node.Command(["run", how, "--image", TestNode.Image, "--", "sh", "-c",
            "grep -c 'QEMU TCG' /proc/cpuinfo; for i in 1 2 3 4; do grep stack /proc/self/maps; done | sort -u | wc -l"]).Require()).Split('\n');
        await Assert.That(lines[1]).IsEqualTo(lines[0] == "0" ? "4" : "1");
    }
}
