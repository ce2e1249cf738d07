using System.Diagnostics;
using VmAppliance.Configuration;
using VmAppliance.Linux.DeviceMapper;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Storage;

/// <summary>A store that has made a thousand disks is as good as one that has made none.</summary>
[NotInParallel(TestGroup.Alone)]
[Arguments(StorageKind.Snapshot)]
[Arguments(StorageKind.Thin)]
sealed class EnduranceTests(StorageKind kind)
{
    static readonly DiskKey s_first = new("1.1", 0);

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [After(Test)]
    public void Drop() => TestGroup.Drop();

    [Test]
    public async Task A_thousand_cycles_leak_nothing_and_do_not_slow_down()
    {
        const int cycles = 1000, part = 100, moreTries = 20;
        var store = TestGroup.Store(kind);
        var (first, last, before) = (Quick(store, part), 0.0, 0L);
        for (var done = part; done < cycles; done += part)
        {
            last = Quick(store, part);
            // By then the collector has what it wants: what leaks goes on leaking.
            before = done == cycles / 2 ? MemoryKib() : before;
        }
        // A busy host makes some of them slow, for a minute or two at times; a slowdown of ours would stay.
        for (var more = 0; more < moreTries && last > first * 1.1; more++)
            last = Math.Min(last, Quick(store, part));
        await Assert.That(MemoryKib()).IsLessThanOrEqualTo(before + (8 << 10));
        await Assert.That(Group.OurDevices().Split(' ').Length).IsLessThanOrEqualTo(3);
        await Assert.That(Directory.GetFiles("/proc/self/fd").Length).IsLessThan(part);
        // Nor is a disk of a store that has done nothing yet made faster: then it is the host that has become slower meanwhile.
        var fresh = last <= first * 1.1 ? first : Fresh(part);
        Console.WriteLine($"{kind}: {cycles} cycles, lower quartile of the first {part} {first:0} idle calls, of the last {last:0}, of a fresh store's {fresh:0}, memory {before} KiB, then {MemoryKib()} KiB");
        await Assert.That(last).IsLessThanOrEqualTo(Math.Max(first, fresh) * 1.1);
    }

    double Fresh(int cycles)
    {
        TestGroup.Clear();
        return Quick(TestGroup.Store(kind), cycles);
    }

    // The lower quartile of a number of cycles, in times of a call that changes nothing: how fast this machine is may change meanwhile.
    double Quick(IDiskStore store, int cycles)
    {
        const int calls = 100;
        using var control = new DmControl();
        double[] times = new double[cycles], idle = new double[cycles];
        for (var i = 0; i < cycles; i++)
        {
            var watch = Stopwatch.StartNew();
            store.Wipe(s_first, Group.Golden);
            store.Drop(s_first);
            times[i] = watch.Elapsed.TotalMilliseconds;
            watch.Restart();
            for (var call = 0; call < calls; call++)
                control.Version();
            idle[i] = watch.Elapsed.TotalMilliseconds / calls;
        }
        return times.Order().ElementAt(cycles / 4) / idle.Order().ElementAt(cycles / 4);
    }

    static long MemoryKib()
    {
        GC.Collect();
        return Environment.WorkingSet >> 10;
    }
}
