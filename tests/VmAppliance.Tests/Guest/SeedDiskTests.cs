using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

sealed class SeedDiskTests
{
    [Test]
    public async Task An_identity_survives_the_disk()
    {
        using var disk = new MemoryStream(SeedDisk.Write(Sample.Identity));
        await Assert.That(Sample.Text(SeedDisk.Read(disk))).IsEqualTo(Sample.Text(Sample.Identity));
    }

    [Test]
    public async Task An_identity_of_many_sectors_survives_a_disk_with_more_behind_it()
    {
        var large = Sample.Identity with { Directories = [.. Enumerable.Range(0, 500).Select(i => $"/directory/number/{i}")] };
        using var disk = new MemoryStream([.. SeedDisk.Write(large), .. new byte[100_000]]);
        await Assert.That(Sample.Text(SeedDisk.Read(disk))).IsEqualTo(Sample.Text(large));
    }

    [Test]
    public async Task A_disk_is_whole_sectors() => await Assert.That(SeedDisk.Write(Sample.Identity).Length % 512).IsEqualTo(0);

    [Test]
    [Arguments("")]
    [Arguments("VMAPPLIANCE")]
    [Arguments("VMAPPLIANCE SEED 1\n")]
    [Arguments("VMAPPLIANCE SEED 1\n{\"identity\":")]
    [Arguments("VMAPPLIANCE SEED 1\nnot json\n")]
    [Arguments("VMAPPLIANCE SEED 1\n\n")]
    [Arguments("VMAPPLIANCE SEED 1\nnull\n")]
    [Arguments("VMAPPLIANCE SEED 1\n[]\n")]
    [Arguments("VMAPPLIANCE SEED 1\n{}\n")]
    [Arguments("VMAPPLIANCE SEED 1\n{\"ready\":true}\n")]
    [Arguments("VMAPPLIANCE SEED 2\n{\"identity\":null}\n")]
    [Arguments("vmappliance seed 1\n{}\n")]
    public async Task A_disk_with_something_else_on_it_has_no_identity(string content)
    {
        using var disk = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content));
        await Assert.That(SeedDisk.Read(disk)).IsNull();
    }

    [Test]
    public async Task A_large_disk_of_something_else_is_not_read_to_its_end()
    {
        using var disk = new MemoryStream(new byte[1 << 20]);
        await Assert.That(SeedDisk.Read(disk)).IsNull();
        await Assert.That(disk.Position).IsLessThan(512);
    }
}
