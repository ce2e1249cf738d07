using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Leftovers;

/// <summary>
/// After all other tests nothing is left: no machine, disk, lease, network interface, mount or temporary file. Only the machine that is
/// held for many tests may still be there; that it goes too is what <see cref="TestNode"/> makes sure of when the session ends.
/// </summary>
sealed class LeftoverTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    [NotInParallel(Order = int.MaxValue)]
    public async Task NothingIsLeft() =>
        await Assert.That(Session.Rests().Where(r => !r.Contains($"{Session.Directory}/{HeldMachine.NodeName}/", StringComparison.Ordinal))).IsEmpty();
}
