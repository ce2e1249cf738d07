using System.Text.Json;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>
/// A node of the tests' own: a program with its configuration beside it, hooks, leases and disks. It shares nothing with other nodes
/// but the catalogue of images. Everything lies below <see cref="Home"/>, whose path is in the command line of all that it starts.
/// </summary>
sealed class Node
{
    readonly string _session;

    /// <summary>Makes a node.</summary>
    /// <param name="session">The directory of the test session.</param>
    /// <param name="name">Its name, unlike any other's.</param>
    /// <param name="settings">Settings as <c>section.key = value</c>, on top of the tests' own.</param>
    public Node(string session, string name, params IEnumerable<string> settings)
    {
        _session = session;
        Home = $"{session}/{name}";
        Directory.CreateDirectory($"{Home}/bin");
        Directory.CreateDirectory($"{Home}/libexec");
        // A hard link: the program looks for its configuration beside its own path.
        HardLink($"{session}/vmappliance", Binary);
        foreach (var hook in new[] { "prolog", "starter", "epilog", "suspend", "resume", "terminate" })
            File.CreateSymbolicLink($"{Home}/libexec/{hook}", "../bin/vmappliance");
        Configure(settings);
    }

    /// <summary>The node's directory.</summary>
    public string Home { get; }

    /// <summary>The program.</summary>
    public string Binary => $"{Home}/bin/vmappliance";

    /// <summary>Its configuration.</summary>
    public string Configuration => $"{Home}/bin/vmappliance.ini";

    /// <summary>The directory of the hooks' links.</summary>
    public string Hooks => $"{Home}/libexec";

    /// <summary>Leases are in here.</summary>
    public string RunDirectory => $"{Home}/run";

    /// <summary>Images are in here; shared by all nodes.</summary>
    public string StateDirectory => $"{_session}/state";

    /// <summary>Disks are in here.</summary>
    public string DiskDirectory => $"{Home}/disks";

    /// <summary>Writes the configuration anew: the tests' own settings, then these.</summary>
    public void Configure(params IEnumerable<string> settings)
    {
        var all = new Dictionary<(string Section, string Key), string>();
        string[] own = [$"appliance.run_dir = {RunDirectory}", $"appliance.state_dir = {StateDirectory}", $"storage.dir = {DiskDirectory}",
            "slots.count = 2", "slots.memory = 512MiB"];
        foreach (var setting in own.Concat(settings))
        {
            var (name, value) = (setting[..setting.IndexOf('=', StringComparison.Ordinal)].Trim(), setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim());
            var dot = name.LastIndexOf('.');
            all[(name[..dot], name[(dot + 1)..])] = value;
        }
        File.WriteAllText(Configuration, string.Concat(all.GroupBy(s => s.Key.Section)
            .Select(s => $"[{s.Key}]\n{string.Concat(s.Select(v => $"{v.Key.Key} = {v.Value}\n"))}\n")));
    }

    /// <summary>The program with these arguments.</summary>
    public Command Command(params IEnumerable<string> arguments) => new([Binary, .. arguments]);

    /// <summary><c>run</c> with the test image.</summary>
    public Command Run(params IEnumerable<string> words) => Command(["run", "--image", TestNode.Image, "--", .. words]);

    /// <summary><c>run</c> of a shell script with the test image.</summary>
    public Command Script(string script) => Run("sh", "-c", script);

    /// <summary><c>maintenance</c>.</summary>
    public Command Maintenance(params IEnumerable<string> arguments) => Command(["maintenance", .. arguments]);

    /// <summary>The directories of all leases.</summary>
    public IReadOnlyList<string> Leases => Names($"{RunDirectory}/leases");

    /// <summary>The files of all disks.</summary>
    public IReadOnlyList<string> Disks => Names(DiskDirectory);

    /// <summary>The processes that work for this node, such as machines.</summary>
    public IReadOnlyList<RunningProcess> Processes => RunningProcess.Mentioning($"{Home}/");

    /// <summary>The machines: QEMU processes.</summary>
    public IReadOnlyList<RunningProcess> Machines => [.. Processes.Where(p => p.Name.StartsWith("qemu", StringComparison.Ordinal))];

    /// <summary>Root's record of the only lease.</summary>
    public JsonElement Record() => JsonDocument.Parse(File.ReadAllBytes($"{RunDirectory}/leases/{Leases.Single()}/record.json")).RootElement;

    /// <summary>What is left of leases, disks and machines, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Rests() =>
    [
        .. Leases.Select(l => $"lease {RunDirectory}/leases/{l}"),
        .. Disks.Select(d => $"disk {DiskDirectory}/{d}"),
        .. Processes.Select(p => $"process {p}"),
        // These are the node's, not a lease's.
        .. Names(RunDirectory).Where(n => n is not ("leases" or "lock" or "kvm.json" or "tries"))
            .Select(n => $"file {RunDirectory}/{n}"),
    ];

    static IReadOnlyList<string> Names(string directory) => !Directory.Exists(directory) ? []
        : [.. Directory.GetFileSystemEntries(directory).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal)];

    static void HardLink(string from, string to)
    {
        if (Native.link(from, to) != 0)
            throw new System.ComponentModel.Win32Exception();
    }
}
