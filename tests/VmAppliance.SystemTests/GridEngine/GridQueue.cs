using System.Text.RegularExpressions;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A queue of the cell. One that a test makes for itself is gone, and proven to be as it was before the setup, at the test's end.</summary>
sealed partial class GridQueue(Cell cell, string name) : IAsyncDisposable
{
    string? _before;

    /// <summary>Its name.</summary>
    public string Name => name;

    string Memory => $"{cell.Session.Directory}/queues";

    /// <summary>Makes a queue like native.q before its setup, with other attributes (<c>name value</c>).</summary>
    public static async Task<GridQueue> Add(Cell cell, string name, params IEnumerable<string> attributes)
    {
        var text = cell.PlainQueue;
        foreach (var attribute in attributes.Prepend($"qname {name}"))
            text = Regex.Replace(text, $"^{attribute.Split(' ')[0]} .*$", attribute, RegexOptions.Multiline);
        var file = $"{cell.Home}/{name}";
        await File.WriteAllTextAsync(file, text);
        await cell.Admin("qconf", "-Aq", file).Require();
        return new GridQueue(cell, name);
    }

    /// <summary>Makes a queue whose jobs run in machines of this node.</summary>
    public static async Task<GridQueue> Add(Cell cell, string name, Node node)
    {
        var queue = await Add(cell, name);
        await queue.Setup(node.Hooks);
        return queue;
    }

    /// <summary>Puts the hooks into the queue with the product's own script.</summary>
    public async Task Setup(string hooks, params IEnumerable<string> options)
    {
        _before ??= await Attributes();
        await Script(["setup", name, "--hooks", hooks, .. options]).Require();
    }

    /// <summary>Takes the hooks out again.</summary>
    /// <returns>How the queue differs from what it was before; nothing when it does not.</returns>
    public async Task<IReadOnlyList<string>> Undo()
    {
        if (_before is null)
            return [];
        var undo = await Script(["undo", name]).Run();
        var after = await Attributes();
        return undo.Status == 0 && after == _before ? [] : [$"queue {name}: {undo}; it was\n{_before}\nand is\n{after}"];
    }

    /// <summary>All its attributes.</summary>
    public Task<string> Attributes() => cell.Admin("qconf", "-sq", name).Require();

    /// <summary>Its states, such as E; empty when it is well.</summary>
    public async Task<string> State()
    {
        var line = (await cell.Admin("qstat", "-f", "-q", name).Require()).Split('\n').Single(l => l.StartsWith($"{name}@", StringComparison.Ordinal));
        return Blanks().Split(line.Trim()) is { Length: > 5 } words ? words[5] : "";
    }

    /// <summary>Until it is in error state.</summary>
    public Task Failed() => Patience.Until($"the error state of queue {name}", async () => (await State()).Contains('E', StringComparison.Ordinal));

    /// <summary>Takes it out of error state.</summary>
    public Task Clear() => cell.Admin("qmod", "-cq", name).Require();

    Command Script(IEnumerable<string> words) =>
        cell.Admin([Repository.At("packaging/sge/vmappliance-queue"), .. words, "--state", Memory]);

    public async ValueTask DisposeAsync()
    {
        var trouble = await Undo();
        await Patience.Until($"the end of queue {name}", async () => (await cell.Admin("qconf", "-dq", name).Run()).Status == 0);
        if (trouble.Count > 0)
            throw new InvalidOperationException(string.Join('\n', trouble));
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
