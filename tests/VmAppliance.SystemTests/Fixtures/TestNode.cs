using System.Collections.Concurrent;
using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>
/// The test session's private place: one directory with a copy of the program, the imported test image and any number of nodes.
/// Short, so that the names of sockets in it fit; not below /run or /tmp, from which some systems run no programs.
/// </summary>
sealed class TestNode : IAsyncInitializer, IAsyncDisposable
{
    /// <summary>The name of the test image.</summary>
    public const string Image = "demo";

    readonly ConcurrentDictionary<string, (string Settings, Lazy<Node> Node)> _nodes = [];
    readonly HashSet<string> _temporaryBefore = [.. Temporary()];

    /// <summary>The session's directory.</summary>
    public string Directory { get; } = $"/var/lib/vma-test-{Environment.ProcessId}";

    /// <summary>The node for tests that need no settings of their own: 2 slots of 512 MiB.</summary>
    public Node Standard => With("standard");

    /// <summary>The node of this name; made at the first call, with these settings (<c>section.key = value</c>).</summary>
    /// <exception cref="InvalidOperationException">Another test has made it, with others.</exception>
    public Node With(string name, params IEnumerable<string> settings)
    {
        var wanted = string.Join('\n', settings);
        var (made, node) = _nodes.GetOrAdd(name, n => (wanted, new Lazy<Node>(() => new Node(Directory, n, settings))));
        return made == wanted ? node.Value : throw new InvalidOperationException($"the node {name} has other settings: {made}");
    }

    public async Task InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess)
            throw new InvalidOperationException("these tests start machines: only root can (run: sudo make test)");
        var parts = new[] { "root.tar", "kernel", "initrd", "append" }.Select(part => $"{Repository.Image}/{part}").Append(Repository.Binary).ToList();
        if (parts.FirstOrDefault(p => !File.Exists(p)) is { } missing)
            throw new InvalidOperationException($"there is no {missing} (run: make image)");
        System.IO.Directory.CreateDirectory(Directory);
        File.Copy(Repository.Binary, $"{Directory}/vmappliance");
        // Import makes a template, too. Most of the tests' machines are resumed from it; who wants one that boots says template = off.
        // Guarding the guest's kernel against its jobs costs a third of its boot in software emulation, and tests nothing of ours.
        await Standard.Maintenance("image", "import", Image, "--disk", parts[0], "--kernel", parts[1], "--initrd", parts[2],
            "--append", $"{(await File.ReadAllTextAsync(parts[3])).Trim()} mitigations=off init_on_alloc=0").Require();
    }

    /// <summary>What is left of machines in all of this session's nodes, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Rests() =>
    [
        .. _nodes.Values.SelectMany(n => n.Node.Value.Rests()),
        .. RunningProcess.Mentioning($"{Directory}/").Select(p => $"process {p}"),
        .. File.ReadLines("/proc/self/mounts").Where(m => m.Contains($" {Directory}/", StringComparison.Ordinal)).Select(m => $"mount {m}"),
        .. System.IO.Directory.GetDirectories("/sys/class/net").Select(d => Path.GetFileName(d))
            .Where(n => n.StartsWith("vmatap", StringComparison.Ordinal) || n.StartsWith("vmabr-", StringComparison.Ordinal)).Select(n => $"network interface {n}"),
        .. Temporary().Where(t => !_temporaryBefore.Contains(t)).Select(t => $"temporary {t}"),
    ];

    static IEnumerable<string> Temporary() => System.IO.Directory.EnumerateFileSystemEntries("/tmp", "vmappliance*");

    public ValueTask DisposeAsync()
    {
        var rests = Rests();
        // Whatever a failed test has left must not stay; the session has failed by then.
        foreach (var process in RunningProcess.Mentioning($"{Directory}/"))
            process.Signal(Native.SIGKILL);
        System.IO.Directory.Delete(Directory, recursive: true);
        return rests.Count == 0 ? ValueTask.CompletedTask
            : throw new InvalidOperationException($"left behind by the tests:\n{string.Join('\n', rests)}");
    }
}
