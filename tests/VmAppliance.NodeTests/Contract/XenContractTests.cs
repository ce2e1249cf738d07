using VmAppliance.Jobs;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Contract;

/// <summary>The contract, kept by domains of Xen.</summary>
[Explicit]
[InheritsTests]
[NotInParallel(XenNode.Alone)]
sealed class XenContractTests : HypervisorContract
{
    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    protected override Node Node => XenNode.Node;

    protected override string[] Program => [XenNode.Program, "--config", XenNode.Configuration];
}
