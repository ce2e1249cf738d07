using System.Globalization;
using System.Text;
using System.Text.Json;
using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Benchmark;

/// <summary>The bars, in a short run; and the long run that <c>make bench-storage</c> prints.</summary>
[NotInParallel(TestGroup.Alone)]
sealed class StorageBenchmarkTests
{
    const int ShortRun = 5, LongRun = 20;

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Test]
    public async Task Wiping_takes_a_fiftieth_and_making_with_destroying_a_tenth_of_what_lvm_takes() => await Judge(new StorageBenchmark(Group).Run(ShortRun));

    [Test]
    [Explicit]
    public async Task The_long_run()
    {
        var times = new StorageBenchmark(Group).Run(LongRun);
        await File.WriteAllTextAsync(Path.GetFullPath("../bench/storage.json", AppContext.BaseDirectory), Json(times));
        await File.WriteAllTextAsync(Path.GetFullPath("../bench/storage.txt", AppContext.BaseDirectory), Table(times));
        await Judge(times);
    }

    static async Task Judge(IReadOnlyList<StorageTime> times)
    {
        var (ours, lvm) = (times.Single(t => t.Way == "snapshot"), times.Single(t => t.Way == "LVM thin"));
        await Assert.That(lvm.Wipe / ours.Wipe).IsGreaterThanOrEqualTo(50).Because(Table(times));
        await Assert.That(lvm.MakeAndDestroy / ours.MakeAndDestroy).IsGreaterThanOrEqualTo(10).Because(Table(times));
    }

    static string Table(IReadOnlyList<StorageTime> times)
    {
        var (first, text) = (times[0], new StringBuilder());
        text.Append(CultureInfo.InvariantCulture, $"| median of {first.Rounds}, ms | create | wipe | destroy | wipe: times slower | create + destroy: times slower |\n|---|---|---|---|---|---|\n");
        foreach (var t in times)
            text.Append(CultureInfo.InvariantCulture, $"| {t.Way} | {t.Create:0.0} | {t.Wipe:0.0} | {t.Destroy:0.0} | {t.Wipe / first.Wipe:0.0} | {t.MakeAndDestroy / first.MakeAndDestroy:0.0} |\n");
        return text.ToString();
    }

    static string Json(IReadOnlyList<StorageTime> times)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var t in times)
            {
                json.WriteStartObject();
                json.WriteString("way", t.Way);
                json.WriteNumber("rounds", t.Rounds);
                foreach (var (name, value) in new[] { ("createMs", t.Create), ("wipeMs", t.Wipe), ("destroyMs", t.Destroy) })
                    json.WriteNumber(name, Math.Round(value, 2));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }
}
