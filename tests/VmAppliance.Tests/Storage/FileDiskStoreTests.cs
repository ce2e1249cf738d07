using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Processes;
using VmAppliance.Storage;

namespace VmAppliance.Tests.Storage;

sealed class FileDiskStoreTests
{
    static FileDiskStore Store(TempDirectory directory, CopyKind copy = CopyKind.Overlay) => new(Sample.Storage(copy, directory["disks"]));

    static GoldenDisk Golden(TempDirectory directory) => new(directory.Write("golden.raw", "golden image"), directory.Write("empty.qcow2", "empty overlay", 0x124 /* 0444 */), 12);

    [Test]
    public async Task A_wiped_disk_is_a_fresh_view_of_the_image()
    {
        using var directory = new TempDirectory();
        var golden = Golden(directory);
        var disk = Store(directory).Wipe(new("7.1", 0), golden);
        await Assert.That(disk).IsEqualTo(new Disk($"{directory["disks"]}/7.1.qcow2", "qcow2", golden.Path));
        await Assert.That(File.ReadAllText(disk.Path)).IsEqualTo("empty overlay");
    }

    [Test]
    public async Task Only_its_maker_reaches_a_disk()
    {
        using var directory = new TempDirectory();
        var disk = Store(directory).Wipe(new("7.1", 0), Golden(directory));
        await Assert.That(((int)File.GetUnixFileMode(disk.Path), (int)File.GetUnixFileMode(directory["disks"]))).IsEqualTo((0x180, 0x1C0));
    }

    [Test]
    public async Task What_an_earlier_job_wrote_never_comes_back()
    {
        using var directory = new TempDirectory();
        var (store, golden) = (Store(directory), Golden(directory));
        var path = store.Wipe(new("7.1", 0), golden).Path;
        File.AppendAllText(path, "secret of the first job");
        using var still = File.OpenRead(path);
        await Assert.That(File.ReadAllText(store.Wipe(new("7.1", 0), golden).Path)).IsEqualTo("empty overlay");
        // Another file, not the same one cut short: who has the old one open sees nothing of the new one.
        await Assert.That(still.Length).IsGreaterThan("empty overlay".Length);
    }

    [Test]
    public async Task A_disk_of_the_other_kind_is_wiped_too()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["disks"]);
        directory.Write("disks/7.1.raw", "secret of the first job");
        Store(directory).Wipe(new("7.1", 0), Golden(directory));
        await Assert.That(File.Exists(directory["disks/7.1.raw"])).IsFalse();
    }

    [Test]
    public async Task A_link_in_a_disks_place_is_not_written_through()
    {
        using var directory = new TempDirectory();
        var (store, golden) = (Store(directory), Golden(directory));
        store.Wipe(new("7.1", 0), golden);
        store.Drop(new("7.1", 0));
        File.CreateSymbolicLink(directory["disks/7.1.qcow2"], directory.Write("victim", "untouched"));
        store.Wipe(new("7.1", 0), golden);
        await Assert.That(File.ReadAllText(directory["victim"])).IsEqualTo("untouched");
    }

    [Test]
    public async Task Dropping_twice_or_what_never_was_is_no_error()
    {
        using var directory = new TempDirectory();
        var store = Store(directory);
        store.Wipe(new("7.1", 0), Golden(directory));
        store.Drop(new("7.1", 0));
        store.Drop(new("7.1", 0));
        await Assert.That(Directory.GetFileSystemEntries(directory["disks"])).IsEmpty();
    }

    [Test]
    public async Task Dropping_before_there_was_any_disk_is_no_error()
    {
        using var directory = new TempDirectory();
        Store(directory).Drop(new("7.1", 0));
        await Assert.That(directory.Names()).IsEqualTo("");
    }

    [Test]
    public async Task Names_are_those_of_the_disks_that_are_there()
    {
        using var directory = new TempDirectory();
        var (store, golden) = (Store(directory), Golden(directory));
        await Assert.That(store.InUse()).IsEmpty();
        store.Wipe(new("7.1", 0), golden);
        store.Wipe(new("7.12", 0), golden);
        directory.Write("disks/run4242.1.raw", "");
        directory.Write("disks/notes.txt", "");
        await Assert.That(string.Join(' ', store.InUse().Select(d => d.Job).Order())).IsEqualTo("7.1 7.12 run4242.1");
    }

    [Test]
    public async Task A_copy_that_fails_leaves_nothing()
    {
        using var directory = new TempDirectory();
        var golden = Golden(directory) with { EmptyOverlay = directory["missing"] };
        var failure = Assert.Throws<ApplianceException>(() => Store(directory).Wipe(new("7.1", 0), golden));
        await Assert.That(failure.Message).StartsWith("wipe disk, 7.1: ");
        await Assert.That((failure.Blame, failure.Hint is null)).IsEqualTo((Blame.Node, false));
        await Assert.That(Directory.GetFileSystemEntries(directory["disks"])).IsEmpty();
    }

    [Test]
    public async Task A_missing_image_is_a_failure_in_every_way_of_copying()
    {
        using var directory = new TempDirectory();
        var golden = new GoldenDisk(directory["no.raw"], directory["no.qcow2"], 12);
        foreach (var copy in Enum.GetValues<CopyKind>())
            await Assert.That(Assert.Throws<ApplianceException>(() => Store(directory, copy).Wipe(new("7.1", 0), golden)).Message).StartsWith("wipe disk, 7.1: ");
    }

    // No version of tmpfs shares blocks between files.
    [Test]
    public async Task A_reflink_where_there_is_none_is_refused_with_a_hint_and_leaves_nothing()
    {
        using var directory = new TempDirectory(below: "/dev/shm");
        var failure = Assert.Throws<ApplianceException>(() => Store(directory, CopyKind.Reflink).Wipe(new("7.1", 0), Golden(directory)));
        await Assert.That((failure.Message, failure.Hint)).IsEqualTo(
            ("wipe disk, 7.1: the file system cannot share blocks between files", "set [storage] copy = full (or overlay, which only QEMU can use), or use XFS or btrfs"));
        await Assert.That(Directory.GetFileSystemEntries(directory["disks"])).IsEmpty();
    }

    [Test]
    public async Task Auto_makes_an_overlay_where_there_is_no_reflink()
    {
        using var directory = new TempDirectory(below: "/dev/shm");
        await Assert.That(Store(directory, CopyKind.Auto).Wipe(new("7.1", 0), Golden(directory)).Format).IsEqualTo("qcow2");
        await Assert.That(string.Join(' ', Directory.GetFiles(directory["disks"]).Select(Path.GetFileName))).IsEqualTo("7.1.qcow2");
    }

    // Where no blocks can be shared, and where perhaps they can.
    [Test]
    [Arguments("/dev/shm")]
    [Arguments(null)]
    public async Task A_full_copy_stands_alone_is_its_makers_and_keeps_the_holes(string? below)
    {
        using var directory = new TempDirectory(below);
        var golden = Golden(directory);
        using (var file = File.OpenWrite(golden.Path))
            file.SetLength(64 << 20);
        File.SetUnixFileMode(golden.Path, (UnixFileMode)0x124 /* 0444 */);
        var disk = Store(directory, CopyKind.Full).Wipe(new("7.1", 0), golden);
        await Assert.That(disk).IsEqualTo(new Disk($"{directory["disks"]}/7.1.raw", "raw", null));
        await Assert.That(File.ReadAllBytes(disk.Path).AsSpan().SequenceEqual(File.ReadAllBytes(golden.Path))).IsTrue();
        await Assert.That((int)File.GetUnixFileMode(disk.Path)).IsEqualTo(0x180 /* 0600 */);
        await Assert.That(Kibibytes(disk.Path)).IsLessThan(1024);
    }

    // What a file takes on its disk: du(1).
    static int Kibibytes(string file) => int.Parse(CommandRunner.Require("measure file", ["du", "--block-size=1K", file]).Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public async Task A_full_copy_takes_nothing_over_from_an_earlier_job()
    {
        using var directory = new TempDirectory(below: "/dev/shm");
        var (store, golden) = (Store(directory, CopyKind.Full), Golden(directory));
        File.AppendAllText(store.Wipe(new("7.1", 0), golden).Path, "secret of the first job");
        File.AppendAllText(directory["disks/7.1.qcow2"], "secret of the first job");
        await Assert.That(File.ReadAllText(store.Wipe(new("7.1", 0), golden).Path)).IsEqualTo("golden image");
        await Assert.That(Directory.GetFileSystemEntries(directory["disks"]).Length).IsEqualTo(1);
    }

    [Test]
    public async Task A_full_copy_that_fails_half_way_leaves_nothing()
    {
        using var directory = new TempDirectory(below: "/dev/shm");
        // It can be opened, but nothing can be read from its beginning.
        var golden = Golden(directory) with { Path = "/proc/self/mem" };
        var failure = Assert.Throws<ApplianceException>(() => Store(directory, CopyKind.Full).Wipe(new("7.1", 0), golden));
        await Assert.That(failure.Blame).IsEqualTo(Blame.Node);
        await Assert.That(Directory.GetFileSystemEntries(directory["disks"])).IsEmpty();
    }
}
