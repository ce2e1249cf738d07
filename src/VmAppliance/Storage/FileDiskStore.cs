using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Storage;

/// <summary>Disks as files: a reflink copy of the image where the file system can share blocks, else an overlay on top of it.</summary>
sealed class FileDiskStore(StorageSettings settings) : IDiskStore
{
    const int OwnerOnly = 0x180; // 0600
    const string Overlay = ".qcow2", Copy = ".raw";

    static readonly TimeSpan CopyPatience = TimeSpan.FromMinutes(10);

    public void Require()
    {
        // A directory that cannot be written fails the wipe, and nothing is left of that.
    }

    public Disk Wipe(DiskKey key, GoldenDisk golden)
    {
        var name = key.Job!;
        try
        {
            if (golden.EmptyOverlay is null)
                throw Failed(name, $"its image is the volume {golden.Path}, and [storage] kind wants files", "import the image again: it goes where [storage] says");
            System.IO.Directory.CreateDirectory(settings.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Drop(key);
            if (settings.Copy != CopyKind.Overlay && Reflink.TryCopy(golden.Path, PathOf(name, Copy), OwnerOnly))
                return new Disk(PathOf(name, Copy), "raw", null);
            if (settings.Copy == CopyKind.Full)
                return CopyOf(golden, PathOf(name, Copy));
            if (settings.Copy == CopyKind.Reflink)
                throw Failed(name, "the file system cannot share blocks between files", "set [storage] copy = full (or overlay, which only QEMU can use), or use XFS or btrfs");
            File.Copy(golden.EmptyOverlay, PathOf(name, Overlay));
            File.SetUnixFileMode(PathOf(name, Overlay), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return new Disk(PathOf(name, Overlay), "qcow2", golden.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(name, e.Message, $"is {settings.Directory} full? check with: df {settings.Directory}", e);
        }
    }

    // Holes stay holes: an image has more of them than of anything else.
    static Disk CopyOf(GoldenDisk golden, string path)
    {
        try
        {
            CommandRunner.Require("copy image", ["cp", "--sparse=always", "--no-preserve=mode", golden.Path, path], CopyPatience);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return new Disk(path, "raw", null);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    public void Drop(DiskKey key)
    {
        var name = key.Job!;
        if (!System.IO.Directory.Exists(settings.Directory))
            return;
        File.Delete(PathOf(name, Overlay));
        File.Delete(PathOf(name, Copy));
    }

    public IReadOnlyList<DiskKey> InUse() => !System.IO.Directory.Exists(settings.Directory) ? []
        : [.. System.IO.Directory.GetFiles(settings.Directory).Where(f => Path.GetExtension(f) is Overlay or Copy)
            .Select(f => new DiskKey(Path.GetFileNameWithoutExtension(f), null)).Distinct()];

    // An overlay has no size of its own: what is full is the file system, and the guest saw its writes fail.
    public string? Trouble(DiskKey key) => null;

    public IReadOnlyList<Fill> Fills()
    {
        if (!System.IO.Directory.Exists(settings.Directory))
            return [];
        var place = new DriveInfo(settings.Directory);
        return [Fill.Of(settings.Directory, place.TotalSize - place.AvailableFreeSpace, place.TotalSize, "the file system of [storage] dir")];
    }

    string PathOf(string name, string extension) => $"{settings.Directory}/{name}{extension}";

    static ApplianceException Failed(string name, string reason, string hint, Exception? inner = null) =>
        new(Blame.Node, "wipe disk", name, reason, hint, inner);
}
