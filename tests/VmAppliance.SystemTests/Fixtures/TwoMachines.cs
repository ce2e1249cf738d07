using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>At most two machines at a time: <c>[ParallelLimiter&lt;TwoMachines&gt;]</c>. More would only slow each other down.</summary>
sealed class TwoMachines : IParallelLimit
{
    public int Limit => 2;
}
