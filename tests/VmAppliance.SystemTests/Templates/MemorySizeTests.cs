using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>A template can be made of machines of any size: what the kernel never gives away of its free memory differs with it.</summary>
[ParallelLimiter<TwoMachines>]
sealed class MemorySizeTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    // Above 512 MiB the kernel keeps 44 MiB for huge pages; 1 GiB is the default of [slots] memory.
    [Test, NotInParallel("template")]
    [Arguments("512MiB")]
    [Arguments("704MiB")]
    [Arguments("1GiB")]
    [Arguments("2GiB")]
    public async Task AMachineOfThisSizeIsResumed(string memory)
    {
        var node = Session.Standard;
        await node.Maintenance("image", "template", TestNode.Image, "--memory", memory).Require();

        var result = await node.Command("run", "--image", TestNode.Image, "--timeline", "--memory", memory, "--", "echo", "done").Run();

        await Assert.That((result.Status, result.Text)).IsEqualTo((0, "done\n")).Because($"{result}");
        await Assert.That(result.ErrorText).Contains(" · resume ");
    }
}
