using System.CommandLine;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Jobs;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance image</c>: import, list, remove.</summary>
static class ImageMode
{
    /// <summary>The sub-command and its own.</summary>
    public static Command Create(Func<ParseResult, string> configuration) =>
        new("image", "Look after golden images.") { Import(configuration), List(configuration), TemplateMode.Create(configuration), Remove(configuration) };

    static Command Import(Func<ParseResult, string> configuration)
    {
        var name = new Argument<string>("name") { Description = "What queues will call it." };
        var disk = new Option<string>("--disk") { Description = "A raw or qcow2 disk, or a tar archive of a root file system.", Required = true };
        var kernel = new Option<string>("--kernel") { Description = "The kernel to start.", Required = true };
        var initrd = new Option<string?>("--initrd") { Description = "Its initial RAM disk." };
        var append = new Option<string?>("--append") { Description = "Kernel arguments (default: root=/dev/vda rw console=ttyS0 …)." };
        var size = new Option<string?>("--size") { Description = "Size of the disk made from an archive, such as 2GiB." };
        var command = new Command("import", "Bring an image into the catalogue, or a new version of it.") { name, disk, kernel, initrd, append, size };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("import image");
            var request = new ImportRequest(parsed.GetRequiredValue(name), Full(parsed.GetRequiredValue(disk)), Full(parsed.GetRequiredValue(kernel)),
                parsed.GetValue(initrd) is { } i ? Full(i) : null, parsed.GetValue(append) ?? "", parsed.GetValue(size) is { } s ? Size(s) : null);
            var node = new Node(ConfigurationFile.Load(configuration(parsed)));
            var image = new ImageImport(node.Images, node.Settings.Appliance.Hypervisor == HypervisorKind.Xen).Run(request);
            Console.WriteLine($"image {image.Name}: version {image.Version}, {Units.Text(image.DiskBytes)}");
            TemplateMode.MakeAfterImport(node, image);
            return 0;
        });
        return command;
    }

    static Command List(Func<ParseResult, string> configuration)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "List the images.") { json };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("list images");
            var node = new Node(ConfigurationFile.Load(configuration(parsed)));
            var images = node.Images.List().Select(i => ImageListing.Of(i, node)).ToList();
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(images, MaintenanceJson.Default.IReadOnlyListImageListing));
            else
                Table.Print(["NAME", "VERSION", "DISK", "SHA-256", "TEMPLATES"],
                    images.Select(i => (string[])[i.Name, i.Version, Units.Text(i.DiskBytes), i.DiskSha256[..16], string.Join("; ", i.Templates)]));
            return 0;
        });
        return command;
    }

    static Command Remove(Func<ParseResult, string> configuration)
    {
        var name = new Argument<string>("name") { Description = "The image." };
        var command = new Command("remove", "Remove an image.") { name };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("remove image");
            var node = new Node(ConfigurationFile.Load(configuration(parsed)));
            var image = parsed.GetRequiredValue(name);
            if (node.Leases.Records().FirstOrDefault(r => r.Image == image) is { } user)
                throw new ApplianceException(Blame.Transient, "remove image", image, $"job {user.Job} has a machine of it", "wait for the job, or delete it");
            node.Images.Remove(image);
            return 0;
        });
        return command;
    }

    static string Full(string path) => Path.GetFullPath(path);

    /// <summary>A size that somebody typed.</summary>
    public static long Size(string text) => Units.Size(text) ?? throw new ApplianceException(Blame.Usage, "read command line", text, $"'{text}' is no size", "such as 2GiB");
}
