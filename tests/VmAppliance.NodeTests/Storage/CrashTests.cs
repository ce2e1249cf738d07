using VmAppliance.Configuration;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Processes;
using VmAppliance.Storage;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.NodeTests.Storage;

/// <summary>
/// kill -9 at every step: <c>run</c> claims, wipes, starts (which fails here, there is nothing to start) and drops, and is killed at its
/// first, second, third… call that changes anything. Then reap; then the next job reads golden bytes everywhere, and LVM is well.
/// </summary>
[NotInParallel(TestGroup.Alone)]
sealed class CrashTests
{
    const int Killed = 128 + 9, MostSteps = 200;

    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    [Test]
    [Arguments("snapshot", "ioctl")]
    [Arguments("thin", "ioctl")]
    [Arguments("thin", "rename")]
    public async Task Killed_at_every_step(string kind, string call)
    {
        TestGroup.Clear();
        using var appliance = new Appliance(Appliance.In(kind));
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Appliance.Import("demo", Appliance.DiskFile(4 << 20)).Status).IsEqualTo(0);
        var (golden, steps) = (Appliance.Image("demo").GetProperty("diskSha256").GetString(), 0);
        // The disk of an earlier job is there, full of what nobody may see.
        while (Step(call, ++steps).Status == Killed)
        {
            await Assert.That(steps).IsLessThan(MostSteps);
            var reap = Appliance.Run("maintenance", "reap");
            await Assert.That(reap.Status).IsEqualTo(0).Because($"{call} {steps}: {reap}");
            await Assert.That(Appliance.Rests).IsEmpty().Because($"{call} {steps}");
            await Next(kind, golden, $"{call} {steps}");
        }
        Console.WriteLine($"{kind}: killed at {steps - 1} calls of {call}");
        await Assert.That(steps).IsGreaterThan(1);
        await Assert.That(Tool.Try("vgck", TestGroup.Name).Status).IsEqualTo(0);
    }

    static CommandResult Step(string call, int step) => CommandRunner.Run([Path.Combine(AppContext.BaseDirectory, "kill-at"), call, $"{step}",
        .. Appliance.Argv("run", "--image", "demo", "--owner", "nobody", "--", "true")], TimeSpan.FromMinutes(1));

    // The next job of each slot: nothing is in use, its disk is golden, and what it writes is there for the one after it to be kept from.
    static async Task Next(string kind, string? golden, string where)
    {
        var settings = TestGroup.Settings(kind == "thin" ? StorageKind.Thin : StorageKind.Snapshot) with { Directory = Appliance.Disks };
        IDiskStore store = kind == "thin" ? new ThinDiskStore(settings) : new SnapshotDiskStore(settings, 2);
        await Assert.That(store.InUse()).IsEmpty().Because(where);
        var image = Appliance.Image("demo");
        var disk = store.Wipe(new DiskKey("9.1", 0), new GoldenDisk($"/dev/{image.GetProperty("volume").GetString()}", null, image.GetProperty("diskBytes").GetInt64()));
        await Assert.That(Bytes.Sum(disk.Path)).IsEqualTo(golden).Because(where);
        Bytes.Fill(disk.Path, 4 << 20, seed: 66);
        store.Drop(new DiskKey("9.1", 0));
    }
}
