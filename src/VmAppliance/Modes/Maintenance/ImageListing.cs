using VmAppliance.Configuration;
using VmAppliance.Images;
using VmAppliance.Jobs;

namespace VmAppliance.Modes.Maintenance;

/// <summary>An image as <c>maintenance image list</c> tells it; all but the templates is <see cref="Image"/>'s.</summary>
sealed record ImageListing(string Name, string Version, DateTimeOffset Imported, long DiskBytes, string DiskSha256, bool HasInitrd, string Append, string? Volume,
    IReadOnlyList<TemplateListing> Templates)
{
    /// <summary>An image and its templates.</summary>
    public static ImageListing Of(Image image, Node node) => new(image.Name, image.Version, image.Imported, image.DiskBytes, image.DiskSha256, image.HasInitrd,
        image.Append, image.Volume, [.. node.Shelf(image).List().Select(t => TemplateListing.Of(t, node))]);
}

/// <summary>A template.</summary>
/// <param name="Cpus">Virtual cpus of its machines.</param>
/// <param name="MemoryBytes">Size of their memory.</param>
/// <param name="Made">When.</param>
/// <param name="IsOutdated">Whether another QEMU made it than this node has now: no machine is resumed from it any more.</param>
sealed record TemplateListing(int Cpus, long MemoryBytes, DateTimeOffset Made, bool IsOutdated)
{
    /// <summary>A template on this node.</summary>
    public static TemplateListing Of(Template template, Node node) => new(template.Cpus, template.MemoryBytes, template.Made, template.Maker != node.Hypervisor.Maker);

    public override string ToString() => $"{Cpus} cpu{(Cpus == 1 ? "" : "s")} {Units.Text(MemoryBytes)}{(IsOutdated ? " (outdated)" : "")}";
}
