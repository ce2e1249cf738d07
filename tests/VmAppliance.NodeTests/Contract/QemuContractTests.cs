using VmAppliance.Configuration;
using VmAppliance.Jobs;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Contract;

/// <summary>The contract, kept by QEMU's processes. Not in a node VM, where a machine in a machine would take minutes to boot.</summary>
[Explicit]
[InheritsTests]
[NotInParallel("qemu")]
sealed class QemuContractTests : HypervisorContract
{
    static readonly TempDirectory s_directory = new();

    static string Configuration => $"{s_directory.Path}/vmappliance.ini";

    protected override Node Node => new(ConfigurationFile.Load(Configuration));

    protected override string[] Program => [Path.GetFullPath("../vmappliance", AppContext.BaseDirectory), "--config", Configuration];

    [Before(Class)]
    public static void Configure()
    {
        // The machines' owner has to reach the sockets.
        File.SetUnixFileMode(s_directory.Path, (UnixFileMode)0x1ED /* 0755 */);
        File.WriteAllText(Configuration, $"""
            [appliance]
            run_dir = {s_directory.Path}/run
            state_dir = {Path.GetFullPath("../node-guest/state", AppContext.BaseDirectory)}
            [storage]
            dir = {s_directory.Path}/disks

            """);
    }

    [After(Class)]
    public static void Remove() => s_directory.Dispose();
}
