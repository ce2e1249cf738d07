namespace VmAppliance.Hypervisors;

/// <summary>What others than its hypervisor look for in the lease's directory of a machine.</summary>
static class MachineDirectory
{
    /// <summary>Path prefix of the identity port's two pipes; a machine that learned its identity from a seed disk has none.</summary>
    public static string Port(string directory) => $"{directory}/port";
}
