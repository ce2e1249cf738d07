using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>The memory of machines that are resumed: the template's own, which they cannot write, page by page until they change it.</summary>
[ParallelLimiter<TwoMachines>]
sealed class SharedMemoryTests
{
    const int AccessModes = 3; // O_ACCMODE of open(2)

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task ItIsTheTemplatesFileItselfAndOpenForReadingOnly()
    {
        var node = Session.With("memory-file");
        var (mapped, modes) = await Look(node, node.Script("echo ready; read go; echo $go"), "/memory");
        var template = $"{node.StateDirectory}/images/{TestNode.Image}/";
        await Assert.That(mapped).Contains(line => line.Contains($" {template}", StringComparison.Ordinal) && line.Contains(" rw-p ", StringComparison.Ordinal))
            .Because(string.Join('\n', mapped));
        await Assert.That(modes).IsEquivalentTo([0]);
    }

    // Containers are like that. (What else a kernel before 5.14 would lack is the same to us.)
    [Test]
    public async Task WhereFilesCannotBeOpenedForOthersItIsASealedCopy()
    {
        var node = Session.With("memory-copy");
        var (mapped, _) = await Look(node, node.Script("echo ready; read go; echo $go").Behind("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"), "memfd:vma-");
        await Assert.That(mapped).IsNotEmpty();
    }

    // A template that another test replaces meanwhile is "(deleted)". What a machine has mapped and how it has it open, by a part of its name; then the job must end as it should.
    static async Task<(List<string> Mapped, List<int> Modes)> Look(Node node, Command script, string name)
    {
        await using var run = (script with { KeepInputOpen = true }).Start();
        await Task.WhenAny(run.Output.Contains("ready\n"), run.Ended);
        await Assert.That(run.Ended.IsCompleted ? $"{await run.Ended}" : "").IsEqualTo("");
        var machine = $"/proc/{node.Machines.Single().Pid}";
        var mapped = File.ReadLines($"{machine}/maps").Where(line => line.Contains(name, StringComparison.Ordinal)).ToList();
        var modes = Directory.GetFiles($"{machine}/fd").Where(f => $"{new FileInfo(f).LinkTarget} ".Contains($"{name} ", StringComparison.Ordinal))
            .Select(f => Convert.ToInt32(File.ReadLines($"{machine}/fdinfo/{Path.GetFileName(f)}").First(l => l.StartsWith("flags:", StringComparison.Ordinal))["flags:".Length..].Trim(), 8) & AccessModes).ToList();
        await run.Say("on");
        var result = await run.Ended;
        await Assert.That((result.Status, result.Text)).IsEqualTo((0, "ready\non\n")).Because($"{result}");
        return (mapped, modes);
    }
}
