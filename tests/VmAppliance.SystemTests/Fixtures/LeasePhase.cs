using System.Text.Json;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>Waits for a lease to come to a phase: its record is renamed into place, which the kernel reports.</summary>
sealed class LeasePhase : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    readonly Node _node;
    readonly FileSystemWatcher _watcher;
    readonly SemaphoreSlim _changed = new(0);

    /// <summary>Begins to watch a node, before anything is started there.</summary>
    public LeasePhase(Node node)
    {
        _node = node;
        Directory.CreateDirectory($"{node.RunDirectory}/leases");
        _watcher = new FileSystemWatcher($"{node.RunDirectory}/leases") { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName };
        _watcher.Created += (_, _) => _changed.Release();
        _watcher.Renamed += (_, _) => _changed.Release();
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Waits until the node's only lease is in this phase.</summary>
    public async Task Reaches(string phase)
    {
        while (Current() != phase)
            if (!await _changed.WaitAsync(Patience))
                throw new TimeoutException($"no lease of {_node.Home} came to phase {phase}; it is in {Current() ?? "none"}");
    }

    string? Current()
    {
        try
        {
            return _node.Leases.Count == 1 ? _node.Record().GetProperty("phase").GetString() : null;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _changed.Dispose();
    }
}
