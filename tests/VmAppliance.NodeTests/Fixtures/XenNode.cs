using System.Text.Json;
using TUnit.Core.Interfaces;
using VmAppliance.Configuration;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Jobs;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>
/// The node VM as an administrator sets up a node of Xen's: program, hooks, sudoers rules and configuration where the package puts them
/// (nothing of it outlives the VM), golden image and disks in a volume group. Tests with it run one at a time.
/// </summary>
sealed class XenNode : IAsyncInitializer
{
    /// <summary>Key of <c>[NotInParallel]</c>.</summary>
    public const string Alone = "xen";

    /// <summary>The image.</summary>
    public const string Image = "guest";

    /// <summary>The configuration of the node, and one of the same node with its disks in files.</summary>
    public const string Configuration = "/etc/vmappliance/vmappliance.ini", OnFiles = "/etc/vmappliance/files.ini";

    /// <summary>The program.</summary>
    public const string Program = "/usr/bin/vmappliance";

    const string Hooks = "/usr/libexec/vmappliance", Run = "/run/vmappliance";

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    static string Repository { get; } = Path.GetFullPath("../..", AppContext.BaseDirectory);

    static string Guest => $"{Repository}/out/node-guest";

    /// <summary>Xen's toolstack.</summary>
    public static Xl Xl { get; } = new("auto");

    /// <summary>This node, as its configuration describes it.</summary>
    public static Node Node => new(ConfigurationFile.Load(Configuration));

    public Task InitializeAsync()
    {
        Tool.Run("modprobe", "-a", "dm_snapshot", "loop");
        Install();
        if (!Directory.Exists($"/dev/{TestGroup.Name}"))
        {
            Tool.Run("pvcreate", "-q", "-y", "/dev/vda");
            Tool.Run("vgcreate", "-q", TestGroup.Name, "/dev/vda");
        }
        Configure(Configuration, "/var/lib/vmappliance", [$"volume_group = {TestGroup.Name}", "cow_size = 64MiB"]);
        // The image is read where it was imported on the host: the disks alone are this node's.
        Configure(OnFiles, $"{Guest}/state", ["dir = /run/vmappliance-disks"]);
        Require("maintenance", "storage", "init");
        if (Node.Images.Find(Image) is null)
            Import();
        return Task.CompletedTask;
    }

    static void Install()
    {
        File.Copy(Path.GetFullPath("../vmappliance", AppContext.BaseDirectory), Program, overwrite: true);
        Directory.CreateDirectory($"{Hooks}/xen");
        foreach (var hook in new[] { "prolog", "starter", "epilog", "suspend", "resume", "terminate" }.Where(h => !File.Exists($"{Hooks}/{h}")))
            File.CreateSymbolicLink($"{Hooks}/{hook}", "../../bin/vmappliance");
        foreach (var script in new[] { "vma-block", "vma-vif" })
            Tool.Run("install", "-m", "755", $"{Repository}/packaging/xen/{script}", $"{Hooks}/xen/{script}");
        Tool.Run("install", "-D", "-m", "440", $"{Repository}/packaging/sudoers.d/vmappliance", "/etc/sudoers.d/vmappliance");
    }

    /// <summary>Writes a configuration of this node.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="state">Where the images are.</param>
    /// <param name="storage">Lines of the section [storage].</param>
    /// <param name="image">Lines of the section of the image.</param>
    public static void Configure(string file, string state, string[] storage, params string[] image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"""
            [appliance]
            hypervisor = xen
            state_dir = {state}
            ready_timeout = 3min
            [slots]
            count = 2
            memory = 160MiB
            [storage]
            {string.Join('\n', storage)}
            [image:{Image}]
            {string.Join('\n', image)}
            missing_directory = make
            [queue:vm.q]
            image = {Image}

            """);
    }

    static void Import()
    {
        var image = JsonDocument.Parse(File.ReadAllText($"{Guest}/state/images/{Image}/image.json")).RootElement;
        var directory = $"{Guest}/state/images/{Image}/{image.GetProperty("version").GetString()}";
        Require("maintenance", "image", "import", Image, "--disk", $"{directory}/disk.raw", "--kernel", $"{directory}/kernel",
            "--initrd", $"{directory}/initrd", "--append", image.GetProperty("append").GetString()!);
    }

    /// <summary>A machine that is ready, held by this process.</summary>
    public static Lease Prepare(string job) => new PrepareJob(Node, new Timeline()).Run(new MachineRequest(
        new Batch.Job(new Batch.JobKey(job, 1), "nobody", "", [], null), AccountDatabase.Get("nobody"), Image, 98));

    /// <summary>The program's words, with the node's configuration.</summary>
    public static CommandResult Call(params string[] words) => CallWith(Configuration, words);

    /// <summary>The program's words, with another configuration.</summary>
    public static CommandResult CallWith(string configuration, params string[] words) =>
        CommandRunner.Run([Program, "--config", configuration, .. words], s_patience);

    /// <summary><c>run</c> of a shell script as nobody.</summary>
    public static CommandResult Job(string script, string configuration = Configuration) =>
        CallWith(configuration, "run", "--image", Image, "--owner", "nobody", "--", "sh", "-c", script);

    /// <summary>Calls the program; it must succeed.</summary>
    public static string Require(params string[] words)
    {
        var result = Call(words);
        return result.Status == 0 ? result.Output : throw new InvalidOperationException($"{string.Join(' ', words)}: {result}");
    }

    /// <summary><c>run</c> in the background, as nobody.</summary>
    public static BackgroundRun Start(string script) =>
        new([Program, "--config", Configuration, "run", "--image", Image, "--owner", "nobody", "--", "sh", "-c", script], $"{Run}/leases");

    /// <summary>All that is left of machines, in words; empty when nothing is.</summary>
    public static string Rests() => string.Join(", ",
    [
        .. Xl.List().Where(d => d.Id != 0).Select(d => $"domain {d.Name} {d.State}"),
        .. NodeProcesses.OfRoot("xl").Select(pid => $"process {pid} {string.Join(' ', NodeProcesses.Arguments(pid))}"),
        .. Names($"{Run}/leases").Select(l => $"lease {l}"),
        .. Names(Run).Where(n => n is not ("leases" or "lock" or "tries")).Select(n => $"file {n}"),
        .. Names("/run/vmappliance-disks").Select(d => $"disk {d}"),
        .. Tool.Run("losetup", "--list", "--noheadings").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => $"loop device {l}"),
        .. Node.Disks.InUse().Select(d => $"disk of {d}"),
        .. Names("/sys/class/net").Where(n => n.StartsWith("vif", StringComparison.Ordinal)),
        .. Tool.Run("xenstore-ls", "-f", "/").Split('\n').Select(l => l.Split(" = ")[0]).Where(IsOfADomain).Take(3).Select(n => $"xenstore {n}"),
    ]);

    // /vm/UUID, /local/domain/7, /local/domain/0/backend/vbd/7/51712, /libxl/7 ...
    static bool IsOfADomain(string path) => path.Split('/') switch
    {
        [_, "vm", var uuid, ..] => uuid != $"{Guid.Empty}",
        [_, "local", "domain", "0", "backend", _, _, ..] => true,
        [_, "local", "domain", not "0", ..] => true,
        [_, "libxl", not "0", ..] => true,
        _ => false,
    };

    static IReadOnlyList<string> Names(string directory) => !Directory.Exists(directory) ? [] : [.. Directory.GetFileSystemEntries(directory).Select(e => Path.GetFileName(e))];
}
