using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Storage;

/// <summary>A machine is started on such a disk: QEMU, with its owner's rights, takes the open device. Booting it would take minutes here.</summary>
[NotInParallel(TestGroup.Alone)]
[Arguments("snapshot")]
[Arguments("thin")]
sealed class MachineTests(string kind)
{
    [ClassDataSource<TestGroup>(Shared = SharedType.PerTestSession)]
    public required TestGroup Group { get; init; }

    [Before(Test)]
    public void ClearBefore() => TestGroup.Clear();

    [After(Test)]
    public void Clear() => TestGroup.Clear();

    [Test]
    public async Task Qemu_takes_the_disk_and_all_of_it_is_gone_afterwards()
    {
        using var appliance = new Appliance(Appliance.In(kind), qemu: "auto", patience: "2s");
        Appliance.Require("maintenance", "storage", "init");
        await Assert.That(Appliance.Import("demo", Appliance.DiskFile(4 << 20), Path.GetFullPath("../image/debian/kernel", AppContext.BaseDirectory)).Status).IsEqualTo(0);
        var result = Appliance.Run("run", "--image", "demo", "--owner", "nobody", "--", "true");
        // It runs, and is given up because nothing in it can ever say that it is ready.
        await Assert.That(result.Errors).Contains("it did not get ready within 2 s").Because($"{result}");
        await Assert.That(Appliance.Rests).IsEmpty();
        await Assert.That(Group.OurDevices()).DoesNotContain(kind == "thin" ? ":thin " : ":snapshot");
    }
}
