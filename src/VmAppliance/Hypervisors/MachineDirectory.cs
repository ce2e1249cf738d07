namespace VmAppliance.Hypervisors;

/// <summary>What a running machine has in its lease's directory.</summary>
static class MachineDirectory
{
    /// <summary>Name of the monitor's socket (QEMU).</summary>
    public const string MonitorSocket = "qmp.sock";

    /// <summary>Name of the console's socket (QEMU).</summary>
    public const string ConsoleSocket = "console.sock";

    /// <summary>Prefix of the two named pipes of the identity port (QEMU).</summary>
    public const string PortPipe = "port";

    /// <summary>Path prefix of the identity port's pipes; a machine that learned its identity from a seed disk has none.</summary>
    public static string Port(string directory) => $"{directory}/{PortPipe}";
}
