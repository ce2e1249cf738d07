using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Where the processor is emulated, what was translated once serves each program that is executed later; elsewhere programs are where nobody can guess.</summary>
[ParallelLimiter<TwoMachines>]
sealed class EmulationTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    [Arguments(" · start ", "--cold")]
    [Arguments(" · resume ")]
    public async Task ProgramsAreAtTheSameAddressesIfTheProcessorIsEmulated(string step, params string[] how)
    {
        var node = Session.With("emulation");
        var result = await node.Command(["run", "--timeline", .. how, "--image", TestNode.Image, "--", "sh", "-c",
            "grep -c 'QEMU TCG' /proc/cpuinfo; for i in 1 2 3 4; do grep stack /proc/self/maps; done | sort -u | wc -l"]).Run();
        await Assert.That(result.ErrorText).Contains(step);
        await Assert.That(result.Lines[1]).IsEqualTo(result.Lines[0] == "0" ? "4" : "1");
    }
}
