using VmAppliance.Linux;
using VmAppliance.Linux.DeviceMapper;

namespace VmAppliance.NodeTests.Linux;

/// <summary>The verbs, against the running kernel.</summary>
[NotInParallel(Fixtures.TestGroup.Alone)]
sealed class DmControlTests : IDisposable
{
    static readonly DmDevice s_device = new("vma-verbs", "VMA-verbs");

    DmControl _control = null!;

    [ClassDataSource<Fixtures.TestGroup>(Shared = SharedType.PerTestSession)]
    public required Fixtures.TestGroup Group { get; init; }

    [Before(Test)]
    public void Open() => _control = new DmControl();

    void Make(ulong sectors = 8)
    {
        _control.Create(s_device);
        _control.Load(s_device, new ErrorTarget(sectors));
        DmNode.Make(s_device, _control.Resume(s_device));
    }

    [Test]
    public async Task The_kernel_says_what_it_has()
    {
        await Assert.That(_control.Version()).IsGreaterThanOrEqualTo(new Version(4, 2, 0));
        await Assert.That(_control.TargetKinds()).Contains("error").And.Contains("linear");
    }

    [Test]
    public async Task A_device_comes_shows_its_table_and_goes()
    {
        await Assert.That(_control.Number(s_device)).IsNull();
        Make();
        await Assert.That(_control.Number(s_device)).IsEqualTo(BlockDevice.NumberOf(s_device.Path));
        await Assert.That(BlockDevice.Size(s_device.Path)).IsEqualTo(8 * 512);
        await Assert.That(_control.Table(s_device)).IsEqualTo(new DmStatus("error", 8, ""));
        await Assert.That(_control.Remove(s_device)).IsTrue();
        await Assert.That((_control.Number(s_device), _control.Table(s_device), File.Exists(s_device.Path))).IsEqualTo((null, null, false));
        await Assert.That(_control.Remove(s_device)).IsTrue();
    }

    [Test]
    public async Task A_device_without_a_table_has_none()
    {
        _control.Create(s_device);
        await Assert.That(_control.Table(s_device)).IsEqualTo(new DmStatus("", 0, ""));
    }

    [Test]
    public async Task A_table_that_is_not_in_force_is_seen_and_can_be_dropped()
    {
        Make();
        await Assert.That(_control.Table(s_device)!.HasNext).IsFalse();
        _control.Load(s_device, new ErrorTarget(16));
        await Assert.That(_control.Table(s_device)).IsEqualTo(new DmStatus("error", 8, "", HasNext: true));
        _control.Clear(s_device);
        await Assert.That(_control.Table(s_device)!.HasNext).IsFalse();
    }

    [Test]
    public async Task A_suspended_device_can_go_on()
    {
        Make();
        _control.Suspend(s_device);
        _control.Suspend(s_device);
        _control.Resume(s_device);
        await Assert.That(_control.Status(s_device)!.Kind).IsEqualTo("error");
    }

    [Test]
    public async Task Failures_name_verb_and_device_and_have_their_errno()
    {
        var missing = Assert.Throws<LinuxException>(() => _control.Resume(s_device));
        await Assert.That((missing.Errno, missing.Message)).IsEqualTo((Errno.ENXIO, "DM_DEV_RESUME vma-verbs: No such device or address"));
        _control.Create(s_device);
        await Assert.That(Assert.Throws<LinuxException>(() => _control.Create(s_device)).Errno).IsEqualTo(Errno.EBUSY);
        await Assert.That(Assert.Throws<LinuxException>(() => _control.Send(s_device, "hello")).Message).StartsWith("DM_TARGET_MSG vma-verbs (hello): ");
        await Assert.That(Assert.Throws<LinuxException>(() => _control.Load(s_device, new SnapshotTarget(8, default, default, 8))).Message)
            .StartsWith("DM_TABLE_LOAD vma-verbs (snapshot 0:0 0:0 N 8): ");
    }

    [Test]
    public async Task Somebody_elses_device_of_the_same_name_is_never_touched()
    {
        var foreign = s_device with { Uuid = "LVM-foreign" };
        _control.Create(foreign);
        try
        {
            await Assert.That(Assert.Throws<LinuxException>(() => _control.Create(s_device)).Errno).IsEqualTo(Errno.EBUSY);
            await Assert.That(_control.Remove(s_device)).IsTrue();
            await Assert.That(_control.Number(foreign)).IsNotNull();
            await Assert.That(_control.List("VMA-")).DoesNotContain(s_device);
        }
        finally
        {
            _control.Remove(foreign);
        }
    }

    [Test]
    public async Task A_device_that_somebody_has_open_goes_when_it_is_closed()
    {
        Make();
        using (Descriptor.Open(s_device.Path, OpenMode.Read))
        {
            await Assert.That(_control.Remove(s_device)).IsFalse();
            await Assert.That(_control.Number(s_device)).IsNotNull();
        }
        // The kernel does it in a moment of its own.
        await Assert.That(SpinWait.SpinUntil(() => _control.Number(s_device) is null, TimeSpan.FromSeconds(20))).IsTrue();
    }

    [Test]
    public async Task A_list_that_is_longer_than_the_first_buffer_is_complete()
    {
        var many = Enumerable.Range(0, 200).Select(n => new DmDevice($"vma-{new string('x', 100)}-{n:000}", $"VMA-many-{n:000}")).ToList();
        try
        {
            many.ForEach(_control.Create);
            await Assert.That(_control.List("VMA-many-").OrderBy(d => d.Uuid, StringComparer.Ordinal).SequenceEqual(many)).IsTrue();
        }
        finally
        {
            many.ForEach(d => _control.Remove(d));
        }
    }

    [Test]
    public async Task A_node_that_leads_elsewhere_is_mended()
    {
        Make();
        File.Delete(s_device.Path);
        File.WriteAllText(s_device.Path, "in the way");
        DmNode.Make(s_device, _control.Number(s_device)!.Value);
        await Assert.That(BlockDevice.NumberOf(s_device.Path)).IsEqualTo(_control.Number(s_device));
    }

    public void Dispose()
    {
        _control.Remove(s_device);
        _control.Dispose();
    }
}
