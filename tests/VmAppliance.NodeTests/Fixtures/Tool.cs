using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>Tools of the node.</summary>
static class Tool
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs a tool that must succeed; LVM's work without udev.</summary>
    public static string Run(params string[] argv) => CommandRunner.Require("prepare test", argv, Patience, environment: ["DM_DISABLE_UDEV=1"]);

    /// <summary>Runs a tool that may fail.</summary>
    public static CommandResult Try(params string[] argv) => CommandRunner.Run(argv, Patience, environment: ["DM_DISABLE_UDEV=1"]);
}
