using TUnit.Core.Interfaces;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>A real Grid Engine cell in the node VM, whose queue vm.q runs its jobs in domains. It ends with the VM.</summary>
sealed class GridCell : IAsyncInitializer
{
    /// <summary>An owner of jobs, who may pause his own machines.</summary>
    public const string Owner = "vmauser1";

    const string Home = "/srv/cell";

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    static string Repository { get; } = Path.GetFullPath("../..", AppContext.BaseDirectory);

    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    public Task InitializeAsync()
    {
        CommandRunner.Require("start cell", [$"{Repository}/tests/grid-engine/cell.sh", "up", Home], s_patience);
        // What the package's scripts do, and then the administrator.
        Tool.Run("groupadd", "--system", "vmappliance-xen");
        Tool.Run("usermod", "--append", "--groups", "vmappliance-xen", Owner);
        CommandRunner.Require("set queue up", [$"{Repository}/packaging/sge/vmappliance-queue", "setup", "vm.q", "--state", "/srv/queues"], s_patience,
            environment: Variables());
        return Task.CompletedTask;
    }

    /// <summary>A command of Grid Engine's, as the owner.</summary>
    public static CommandResult As(params string[] words) => CommandRunner.Run([$"{Repository}/tests/grid-engine/cell.sh", "as", Owner, Home, .. words], s_patience);

    // export A=b C=d
    static string[] Variables() => File.ReadAllText($"{Home}/env").Trim()["export ".Length..].Split(' ');
}
