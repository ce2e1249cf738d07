using System.Globalization;
using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Images;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;
using VmAppliance.Storage.DeviceMapper;
using static VmAppliance.Modes.Maintenance.Finding;

namespace VmAppliance.Modes.Maintenance;

/// <summary>Looks at everything a prolog will need.</summary>
/// <param name="node">This node.</param>
/// <param name="verify">Whether images and templates are read whole: minutes, where they are large.</param>
sealed class NodeCheck(Node node, bool verify)
{
    /// <summary>All findings, good ones included.</summary>
    public IReadOnlyList<Finding> Run() =>
        [.. Hypervisor(), .. Tools(), Directories(), .. Storage(), Network(), .. Images(), .. Templates(), .. Queues(), Admin(), .. new ShepherdCheck(node).Run(), Slots()];

    IEnumerable<Finding> Hypervisor() => node.Hypervisor is QemuHypervisor qemu ? new QemuCheck(node, qemu).Run() : new XenCheck(node).Run();

    IEnumerable<Finding> Tools()
    {
        (string, string, bool)[] tools =
        [
            ("setpriv", "util-linux", true), ("getent", "libc-bin / glibc-common", true), ("ip", "iproute2 / iproute", true),
            ("qemu-img", "qemu-utils / qemu-img", false), ("mkfs.ext4", "e2fsprogs", false), ("tar", "tar", false),
            .. node.Settings.Storage.Kind == StorageKind.File ? Array.Empty<(string, string, bool)>() : [("lvs", "lvm2", true)],
        ];
        foreach (var (tool, package, need) in tools)
            if (CommandRunner.Find(tool) is null)
                yield return need ? Bad("tool", $"{tool} is not installed", $"install {package}")
                    : Warning("tool", $"{tool} is not installed: images cannot be imported on this node", $"install {package}");
    }

    Finding Directories()
    {
        try
        {
            foreach (var directory in new[] { node.Settings.Appliance.RunDirectory, node.Settings.Appliance.StateDirectory, node.Settings.Storage.Directory })
            {
                if (!Directory.Exists(directory))
                    Directory.CreateDirectory(directory, (UnixFileMode)(directory == node.Settings.Storage.Directory ? 0x1C0 /* 0700 */ : 0x1ED /* 0755 */));
                WritableDirectory.Require(directory);
            }
            var free = new DriveInfo(node.Settings.Storage.Directory).AvailableFreeSpace;
            return Good("directories", string.Create(CultureInfo.InvariantCulture, $"can be written; {free >> 30} GiB free for disks in {node.Settings.Storage.Directory}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Bad("directories", e.Message, "root must be able to write to run_dir, state_dir and [storage] dir");
        }
    }

    IEnumerable<Finding> Storage()
    {
        var storage = node.Settings.Storage;
        if (storage.Kind == StorageKind.File)
            return [];
        try
        {
            using var control = SlotDevices.Open();
            var fills = node.Disks.Fills();
            return [Good("device-mapper", $"version {control.Version()}"),
                .. fills.Select(f => f.Warning is null ? Good("storage", f.Name)
                    // What is full is some job's trouble; what is not there is every job's.
                    : f.TotalBytes == 0 ? Bad("storage", $"{f.Name}: {f.Warning}", null) : Warning("storage", $"{f.Name}: {f.Warning}", null))];
        }
        catch (Exception e) when (e is ApplianceException or LinuxException)
        {
            return [Bad("storage", e.Message, (e as ApplianceException)?.Hint)];
        }
    }

    Finding Network()
    {
        var network = node.Settings.Network;
        return network.Kind == NetworkKind.User ? Good("network", "QEMU's user-mode network, ssh forwarded from 127.0.0.1")
            : !Directory.Exists($"/sys/class/net/{network.Bridge}/bridge") ? Bad("network", $"there is no bridge {network.Bridge}",
                $"ip link add {network.Bridge} type bridge; ip address add ADDRESS/{network.Subnet.Prefix} dev {network.Bridge}; ip link set {network.Bridge} up")
            : network.Subnet.Address(10 + node.Settings.Slots.Count) is null ? Bad("network", $"{network.Subnet} has no room for {node.Settings.Slots.Count} slots", "make [network] subnet larger")
            : Good("network", $"bridge {network.Bridge}, {network.Subnet}");
    }

    IEnumerable<Finding> Images()
    {
        var images = node.Images.List();
        if (images.Count == 0)
            yield return Bad("images", "there is none", "import one: vmappliance maintenance image import --help");
        foreach (var image in images)
            yield return node.Settings.Appliance.Hypervisor == HypervisorKind.Xen && image.Unpacked is null ? Bad("image", $"{image.Name}: it has no kernel that Xen can start", "import it again on this node")
                : new[] { image.Disk, image.EmptyOverlay, image.Kernel, image.Unpacked, image.Initrd }.OfType<string>().FirstOrDefault(f => !File.Exists(f)) is { } missing
                ? Bad("image", $"{image.Name}: {missing} is missing", "import it again")
                : verify && !image.IsIntact() ? Bad("image", $"{image.Name}: {image.Disk} is not what was imported", "is the disk well? import it again")
                : Good("image", $"{image.Name}, version {image.Version}");
    }

    IEnumerable<Finding> Templates() => node.Images.List().SelectMany(image => node.Shelf(image).List().Select(template => Template(image, template)));

    Finding Template(Image image, Template template)
    {
        var listing = TemplateListing.Of(template, node);
        return listing.IsOutdated ? Warning("template", $"{image.Name}, {listing}: no machine is resumed from it any more", $"vmappliance maintenance image template {image.Name}")
            : TemplateShelf.Damage(template, verify) is { } file ? Bad("template", $"{image.Name}, {listing}: {file} is not what it was when it was made",
                $"is the disk well? make another: vmappliance maintenance image template {image.Name}")
            : Good("template", $"{image.Name}, {listing}");
    }

    IEnumerable<Finding> Queues()
    {
        foreach (var (name, queue) in node.Settings.Queues)
            yield return queue.Image is null ? Good("queue", $"{name}: jobs run on the node itself")
                : node.Images.Find(queue.Image) is null ? Bad("queue", $"{name}: there is no image {queue.Image}", "import it, or name another in [queue:NAME] image")
                : Closed(node.Settings.Appliance.RunDirectory) is { } closed ? Bad("queue", $"{name}: job owners may not enter {closed}, on the way to run_dir",
                    "let [appliance] run_dir be where everybody may pass, such as /run/vmappliance")
                : Good("queue", $"{name}: image {queue.Image}");
    }

    // Starter and methods run as the job's owner, and find the machine in the lease's directory.
    static string? Closed(string? directory)
    {
        for (; directory is not null; directory = Path.GetDirectoryName(directory))
            if (Files.Facts(directory) is { } facts && (facts.Mode & 0x1 /* 0001 */) == 0)
                return directory;
        return null;
    }

    Finding Admin()
    {
        var name = node.Settings.GridEngine.AdminUser;
        return AccountDatabase.Find(name) is not null ? Good("Grid Engine", $"spool directories of {name} are believed")
            : Warning("Grid Engine", $"there is no account {name}", "if hooks say that a spool directory could have been changed, set [gridengine] admin_user");
    }

    Finding Slots()
    {
        var dirty = node.Leases.Records().Where(r => r.Phase == Phase.Dirty).ToList();
        return dirty.Count == 0 ? Good("slots", $"{node.Leases.Records().Count} of {node.Leases.Slots} taken, none dirty")
            : Warning("slots", $"{dirty.Count} dirty: {dirty[0].Trouble}", "vmappliance maintenance reap");
    }
}
