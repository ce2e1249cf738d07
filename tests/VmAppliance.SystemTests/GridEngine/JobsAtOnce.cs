using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>
/// How many tests use the cell at once: <c>[ParallelLimiter&lt;JobsAtOnce&gt;]</c>. More than the two machines that the cell grants, so
/// that one is always about to start while a test looks at the end of another.
/// </summary>
sealed class JobsAtOnce : IParallelLimit
{
    /// <summary>The parallel group of all tests of the cell: no other machines shall slow theirs down.</summary>
    public const string Group = "grid engine";

    public int Limit => 5;
}
