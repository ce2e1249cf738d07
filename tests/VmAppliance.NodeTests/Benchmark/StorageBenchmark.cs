using System.Diagnostics;
using VmAppliance.Configuration;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Benchmark;

/// <summary>Our disks against LVM's own snapshots, interleaved in one run: what makes one slow makes all slow, and the ratios stay.</summary>
sealed class StorageBenchmark(TestGroup group)
{
    const string LvmPool = "bench-pool", LvmGolden = "bench-golden", LvmDisk = "bench-disk";

    static readonly DiskKey s_key = new("1.1", 0);

    readonly List<(string Way, string Step, double Milliseconds)> _times = [];

    /// <summary>Measures.</summary>
    /// <param name="rounds">How often each way is gone.</param>
    public IReadOnlyList<StorageTime> Run(int rounds)
    {
        // LVM's thin snapshots need a golden disk in a pool of LVM's.
        Tool.Run("lvcreate", "-q", "-y", "-L", "64m", "-T", $"{TestGroup.Name}/{LvmPool}");
        Tool.Run("lvcreate", "-q", "-y", "-V", "16m", "-T", $"{TestGroup.Name}/{LvmPool}", "-n", LvmGolden);
        IDiskStore snapshot = TestGroup.Store(StorageKind.Snapshot), thin = TestGroup.Store(StorageKind.Thin);
        try
        {
            for (var i = 0; i < rounds; i++)
            {
                Ours("snapshot", snapshot);
                Ours("thin", thin);
                Lvm("LVM thin", "-kn", "-s", $"{TestGroup.Name}/{LvmGolden}");
                Lvm("LVM classic", "-L", "32m", "-s", $"{TestGroup.Name}/vma-golden-pattern");
            }
        }
        finally
        {
            Tool.Run("lvremove", "-q", "-y", $"{TestGroup.Name}/{LvmGolden}", $"{TestGroup.Name}/{LvmPool}");
            TestGroup.Clear();
        }
        return [.. _times.GroupBy(t => t.Way).Select(way => new StorageTime(way.Key, Median(way, "create"), Median(way, "wipe"), Median(way, "destroy"), rounds))];
    }

    void Ours(string way, IDiskStore store)
    {
        Measure(way, "create", () => store.Wipe(s_key, group.Golden));
        Measure(way, "wipe", () => store.Wipe(s_key, group.Golden));
        Measure(way, "destroy", () =>
        {
            store.Drop(s_key);
            using var control = new DmControl();
            control.Remove(group.Devices.Of(0));
        });
    }

    void Lvm(string way, params string[] snapshot)
    {
        string[] create = ["lvcreate", "-q", "-y", "-n", LvmDisk, .. snapshot], remove = ["lvremove", "-q", "-y", $"{TestGroup.Name}/{LvmDisk}"];
        Measure(way, "create", () => Tool.Run(create));
        Measure(way, "wipe", () =>
        {
            Tool.Run(remove);
            Tool.Run(create);
        });
        Measure(way, "destroy", () => Tool.Run(remove));
    }

    void Measure(string way, string step, Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        _times.Add((way, step, watch.Elapsed.TotalMilliseconds));
    }

    static double Median(IEnumerable<(string Way, string Step, double Milliseconds)> times, string step) =>
        times.Where(t => t.Step == step).Select(t => t.Milliseconds).Order().ToList() is var all ? (all[all.Count / 2] + all[(all.Count - 1) / 2]) / 2 : 0;
}

/// <summary>Medians of one way, in milliseconds.</summary>
/// <param name="Way">How disks are made.</param>
/// <param name="Create">A disk where there was none.</param>
/// <param name="Wipe">A fresh disk in the place of a used one.</param>
/// <param name="Destroy">The disk and its device are gone.</param>
/// <param name="Rounds">How many there were.</param>
sealed record StorageTime(string Way, double Create, double Wipe, double Destroy, int Rounds)
{
    /// <summary>Made and destroyed.</summary>
    public double MakeAndDestroy => Create + Destroy;
}
