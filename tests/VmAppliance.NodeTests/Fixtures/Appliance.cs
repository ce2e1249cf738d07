using System.Text.Json;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>The program itself, with a configuration of a test's own: what an administrator of this node would use.</summary>
sealed class Appliance : IDisposable
{
    const string Home = "/run/vma-appliance", State = "/var/lib/vma-appliance";

    /// <summary>The program, in this machine's memory: from the host's files it would be read anew at each start.</summary>
    public static string Program { get; } = Copy(Path.GetFullPath("../vmappliance", AppContext.BaseDirectory), "/run/vma-program");

    /// <summary>Its configuration file.</summary>
    public static string Configuration => $"{Home}/vmappliance.ini";

    /// <summary>Where it keeps what it knows of a pool.</summary>
    public const string Disks = $"{Home}/disks";

    /// <summary>Writes the configuration.</summary>
    /// <param name="storage">Lines of the section [storage].</param>
    /// <param name="qemu">What starts machines. Nothing, usually: a machine in this machine takes minutes to boot.</param>
    /// <param name="patience">How long a machine may take to get ready.</param>
    /// <param name="template">Whether its image, demo, shall have a template.</param>
    public Appliance(string[] storage, string qemu = "/bin/false", string patience = "1min", string template = "off")
    {
        Directory.CreateDirectory(Home);
        File.WriteAllText(Configuration, $"""
            [appliance]
            run_dir = {Home}/run
            state_dir = {State}
            accel = tcg
            qemu = {qemu}
            ready_timeout = {patience}
            [slots]
            count = 2
            [storage]
            dir = {Disks}
            {string.Join('\n', storage)}
            [image:demo]
            memory = 128MiB
            template = {template}
            missing_directory = make
            [image:demo-x]
            template = off
            [image:demo-tar]
            template = off

            """);
    }

    static string Copy(string program, string directory)
    {
        Directory.CreateDirectory(directory);
        File.Copy(program, $"{directory}/vmappliance", overwrite: true);
        return $"{directory}/vmappliance";
    }

    /// <summary>Storage of a kind in the test's volume group.</summary>
    public static string[] In(string kind) => [$"kind = {kind}", $"volume_group = {TestGroup.Name}", "cow_size = 32MiB", "pool_size = 64MiB"];

    /// <summary>The program with these arguments.</summary>
    public static string[] Argv(params string[] words) => [Program, "--config", Configuration, .. words];

    /// <summary>Runs it.</summary>
    public static CommandResult Run(params string[] words) => CommandRunner.Run(Argv(words), TimeSpan.FromMinutes(3));

    /// <summary>Runs it; it must succeed.</summary>
    public static string Require(params string[] words)
    {
        var result = Run(words);
        return result.Status == 0 ? result.Output : throw new InvalidOperationException($"{string.Join(' ', words)}: {result}");
    }

    /// <summary>A disk image of a test's own.</summary>
    /// <param name="bytes">Its size.</param>
    public static string DiskFile(long bytes, int seed = 3)
    {
        var path = $"{Home}/disk-{bytes}-{seed}.raw";
        using (var file = File.Create(path))
            file.SetLength(bytes);
        Bytes.Fill(path, bytes, seed);
        // All there is to a partition table: what has none is no disk.
        using (var file = File.OpenWrite(path))
        {
            file.Position = 510;
            file.Write([0x55, 0xAA]);
        }
        return path;
    }

    /// <summary>Imports a disk as an image.</summary>
    public static CommandResult Import(string name, string disk, string? kernel = null) =>
        Run("maintenance", "image", "import", name, "--disk", disk, "--kernel", kernel ?? Configuration);

    /// <summary>The image's description.</summary>
    public static JsonElement Image(string name) => JsonDocument.Parse(File.ReadAllText($"{State}/images/{name}/image.json")).RootElement;

    /// <summary>The directories of all leases.</summary>
    public static IReadOnlyList<string> Leases => Directory.Exists($"{Home}/run/leases") ? Directory.GetDirectories($"{Home}/run/leases") : [];

    /// <summary>What is left in the run directory beside what is the node's.</summary>
    public static IReadOnlyList<string> Rests => !Directory.Exists($"{Home}/run") ? []
        : [.. Directory.GetFileSystemEntries($"{Home}/run").Select(e => Path.GetFileName(e)).Where(n => n is not ("leases" or "lock" or "tries")), .. Leases];

    public void Dispose()
    {
        foreach (var image in Directory.Exists($"{State}/images") ? Directory.GetDirectories($"{State}/images") : [])
            Run("maintenance", "image", "remove", Path.GetFileName(image));
        // A test may have changed its mind about the configuration, and made a second one.
        foreach (var directory in new[] { Home, State }.Where(Directory.Exists))
            Directory.Delete(directory, recursive: true);
    }
}
