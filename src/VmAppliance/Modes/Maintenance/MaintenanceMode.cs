using System.CommandLine;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance</c>: what an administrator does on a node.</summary>
static class MaintenanceMode
{
    /// <summary>The sub-command and its own.</summary>
    public static Command Create(Func<ParseResult, string> configuration) =>
        new("maintenance", "Look after this node.")
        {
            ConfigMode.Create(configuration),
            StatusMode.Create(configuration),
            ReapMode.Create(configuration),
            CheckMode.Create(configuration),
            ImageMode.Create(configuration),
            StorageMode.Create(configuration),
            BenchMode.Create(configuration),
        };
}
