using System.Globalization;
using System.Security.Cryptography;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Images;

/// <summary>What an administrator wants imported.</summary>
/// <param name="Name">The image's name.</param>
/// <param name="Disk">A raw or qcow2 disk, or a tar archive of a root file system.</param>
/// <param name="Kernel">The kernel to start.</param>
/// <param name="Initrd">Its initial RAM disk, if it needs one.</param>
/// <param name="Append">Kernel arguments.</param>
/// <param name="Size">Size in bytes of the disk made from a tar archive; null lets it follow from the content.</param>
sealed record ImportRequest(string Name, string Disk, string Kernel, string? Initrd, string Append, long? Size);

/// <summary>Brings an operating system into the catalogue; all that a prolog need not do is done here.</summary>
/// <param name="catalogue">The catalogue.</param>
/// <param name="mustUnpack">Whether this node's machines cannot start with a packed kernel (Xen).</param>
sealed class ImageImport(Catalogue catalogue, bool mustUnpack)
{
    // A kernel that panics ends its machine at once.
    const string UsualArguments = "root=/dev/vda rw console=ttyS0 quiet panic=-1 reboot=t net.ifnames=0";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Imports an image; one of the same name is replaced when the new one is complete.</summary>
    /// <exception cref="ApplianceException">A file is missing or no disk, or a tool failed; the catalogue is as before.</exception>
    public Image Run(ImportRequest request)
    {
        Check(request);
        var version = string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyyMMdd'T'HHmmss}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
        using var alone = catalogue.Lock(Patience);
        foreach (var half in catalogue.Halves())
            catalogue.Discard(half);
        var unfinished = catalogue.Unfinished(request.Name, version);
        Directory.CreateDirectory(unfinished);
        try
        {
            var image = Complete(request, new Image(request.Name, version, DateTimeOffset.UtcNow, 0, "", request.Initrd is not null,
                request.Append.Length > 0 ? request.Append : UsualArguments, catalogue.Volumes?.NameOf(request.Name, version)) { Directory = unfinished });
            return catalogue.Finish(image);
        }
        catch (Exception e)
        {
            Discard(request.Name, unfinished);
            if (e is IOException or UnauthorizedAccessException)
                throw new ApplianceException(Blame.Node, "import image", request.Name, e.Message, $"is there room in {catalogue.Root}?", e);
            throw;
        }
    }

    Image Complete(ImportRequest request, Image image)
    {
        WriteDisk(request, image);
        File.Copy(request.Kernel, image.Kernel);
        image = image with { HasUnpacked = Unpack(request.Kernel, image.UnpackedFile) };
        if (request.Initrd is not null)
            File.Copy(request.Initrd, image.Initrd!);
        Protect(image.Directory);
        return image with { DiskBytes = Size(image.Disk), DiskSha256 = Checksum.OfFile(image.Disk) };
    }

    // An image can be taken to a Xen node by hand; where none is, a kernel that Xen could not start is as good as any.
    bool Unpack(string kernel, string target)
    {
        try
        {
            PackedKernel.Unpack(kernel, target);
            return true;
        }
        catch (ApplianceException) when (!mustUnpack)
        {
            return false;
        }
    }

    void WriteDisk(ImportRequest request, Image image)
    {
        using var conversion = new DiskConversion(request.Disk, request.Size, Patience, image.Directory);
        if (catalogue.Volumes is { } volumes)
        {
            volumes.Make(image.Name, image.Version, conversion.Bytes);
            conversion.WriteOver(image.Disk);
            volumes.Protect(image.Name, image.Version);
            return;
        }
        conversion.WriteFile(image.Disk);
        CommandRunner.Require("prepare overlay", ["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "disk.raw", "-F", "raw",
            image.EmptyOverlay!, Size(image.Disk).ToString(CultureInfo.InvariantCulture)]);
    }

    // Whatever becomes of it, the reason of the failure is what the administrator has to hear.
    void Discard(string image, string unfinished)
    {
        try
        {
            catalogue.Discard(unfinished);
        }
        catch (ApplianceException e)
        {
            Journal.Write(Severity.Warning, $"import image {image}: {e.Message}");
        }
    }

    static long Size(string disk) => BlockDevice.NumberOf(disk) is null ? new FileInfo(disk).Length : BlockDevice.Size(disk);

    static void Check(ImportRequest request)
    {
        if (!Catalogue.IsName(request.Name))
            throw new ApplianceException(Blame.Usage, "import image", request.Name, "this cannot be an image's name",
                "letters, digits, '.', '-' and '_', beginning with a letter or digit; not 'none'");
        foreach (var file in new[] { request.Disk, request.Kernel, request.Initrd }.OfType<string>().Where(f => !File.Exists(f) && (f != request.Disk || !Directory.Exists(f))))
            throw new ApplianceException(Blame.Usage, "import image", request.Name, $"there is no file {file}");
    }

    // Readable for the machines' owners once root has opened them; only root can reach the directory.
    static void Protect(string directory)
    {
        foreach (var file in Directory.GetFiles(directory))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
