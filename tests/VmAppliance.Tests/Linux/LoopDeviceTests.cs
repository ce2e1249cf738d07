using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

[RequiresLoopDevices]
sealed class LoopDeviceTests
{
    const int Bytes = 1 << 20, Sector = 512;

    static string Content(TempDirectory directory, string name = "file")
    {
        File.WriteAllBytes(directory[name], [.. Enumerable.Repeat((byte)7, Bytes)]);
        return directory[name];
    }

    static byte[] Head(string path)
    {
        using var file = Descriptor.Open(path, OpenMode.Read);
        var bytes = new byte[Sector];
        file.ReadFully(bytes);
        return bytes;
    }

    // What the kernel says is behind a device; nothing when it is free.
    static string Behind(string device)
    {
        try
        {
            return File.ReadAllText($"/sys/block/{Path.GetFileName(device)}/loop/backing_file").TrimEnd('\n');
        }
        catch (IOException)
        {
            return "";
        }
    }

    // Whoever looks at new devices (udev) may have it open for a moment.
    static bool IsFree(string device, string file) => SpinWait.SpinUntil(() => Behind(device) != file, TimeSpan.FromSeconds(10));

    [Test]
    public async Task Starters_take_turns_so_that_none_loses_its_device_to_another_for_ever()
    {
        using var directory = new TempDirectory();
        var file = Content(directory);
        Task<LoopDevice> starting;
        using (FileLock.Wait("/dev/loop-control", TimeSpan.FromSeconds(20)))
        {
            starting = Task.Run(() => LoopDevice.Attach(file, readOnly: true));
            await Assert.That(ReferenceEquals(await Task.WhenAny(starting, Task.Delay(300)), starting)).IsFalse();
        }
        using var device = await starting;
        await Assert.That(Head(device.Path)[0]).IsEqualTo((byte)7);
    }

    [Test]
    public async Task Many_who_start_at_the_same_moment_all_get_one()
    {
        using var directory = new TempDirectory();
        var file = Content(directory);
        using var together = new Barrier(32);
        var devices = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Factory.StartNew(() =>
        {
            together.SignalAndWait();
            return LoopDevice.Attach(file, readOnly: true);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        try
        {
            await Assert.That(devices.Select(d => d.Path).Distinct().Count()).IsEqualTo(32);
        }
        finally
        {
            foreach (var device in devices)
                device.Dispose();
        }
    }

    [Test]
    public async Task A_file_becomes_a_device_of_its_size_and_content()
    {
        using var directory = new TempDirectory();
        using var device = LoopDevice.Attach(Content(directory), readOnly: false);
        await Assert.That((Behind(device.Path), BlockDevice.Size(device.Path), BlockDevice.IsReadOnly(device.Path))).IsEqualTo((directory["file"], (long)Bytes, false));
        await Assert.That(Head(device.Path).All(b => b == 7)).IsTrue();
    }

    [Test]
    public async Task What_is_written_to_the_device_is_in_the_file()
    {
        using var directory = new TempDirectory();
        using var device = LoopDevice.Attach(Content(directory), readOnly: false);
        BlockDevice.ZeroHead(device.Path, Sector);
        var content = File.ReadAllBytes(directory["file"]);
        await Assert.That((content[..Sector].All(b => b == 0), content[Sector..].All(b => b == 7))).IsEqualTo((true, true));
    }

    [Test]
    public async Task A_device_for_reading_only_cannot_be_written()
    {
        using var directory = new TempDirectory();
        using var device = LoopDevice.Attach(Content(directory), readOnly: true);
        await Assert.That(BlockDevice.IsReadOnly(device.Path)).IsTrue();
        Assert.Throws<LinuxException>(() => BlockDevice.ZeroHead(device.Path, Sector));
        await Assert.That(Head(directory["file"]).All(b => b == 7)).IsTrue();
    }

    [Test]
    public async Task A_device_is_gone_with_its_last_user()
    {
        using var directory = new TempDirectory();
        var device = LoopDevice.Attach(Content(directory), readOnly: false);
        using (Descriptor.Open(device.Path, OpenMode.Read))
        {
            device.Dispose();
            await Assert.That(Behind(device.Path)).IsEqualTo(directory["file"]);
        }
        await Assert.That(IsFree(device.Path, directory["file"])).IsTrue();
    }

    [Test]
    public async Task Devices_that_are_made_at_the_same_time_are_different_ones()
    {
        using var directory = new TempDirectory();
        var files = Enumerable.Range(0, 4).Select(i => Content(directory, $"file{i}")).ToList();
        var devices = await Task.WhenAll(files.Select(f => Task.Run(() => LoopDevice.Attach(f, readOnly: true))));
        await Assert.That(string.Join(' ', devices.Select(d => Behind(d.Path)))).IsEqualTo(string.Join(' ', files));
        foreach (var device in devices)
            device.Dispose();
    }

    [Test]
    [Arguments("link", Errno.ELOOP)]
    [Arguments("none", Errno.ENOENT)]
    public async Task A_link_or_a_file_that_is_not_there_is_refused(string name, int errno)
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], Content(directory));
        var failure = Assert.Throws<LinuxException>(() => LoopDevice.Attach(directory[name], readOnly: true));
        await Assert.That((failure.Errno, failure.Message)).IsEqualTo((errno, $"open {directory[name]}: {failure.Reason}"));
    }
}
