using System.Text;
using VmAppliance.Configuration;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Images;

namespace VmAppliance.Jobs;

/// <summary>Which template a machine can be resumed from.</summary>
/// <param name="node">This node.</param>
sealed class Templates(Node node)
{
    const int KeyLetters = 16;

    // Each takes the space of a disk, and how many sizes there are is for the owners of jobs to choose.
    const int MostForJobs = 16;

    /// <summary>Whether this node's machines of an image shall be resumed from templates, and can be.</summary>
    public bool AreWanted(Image image) => node.Settings.Image(image.Name) is { Template: TemplateKind.Auto, Identity: IdentityKind.Port }
        && node.Settings.Appliance.Hypervisor == HypervisorKind.Qemu;

    /// <summary>The template for a machine; null when there is none.</summary>
    public Template? Find(Image image, MachineSpec spec) => AreWanted(image) && Likeness(image, spec) is { } likeness ? node.Shelf(image).Find(KeyOf(likeness)) : null;

    /// <summary>Notes that there is none for a machine of a usual size: whoever makes templates later finds the note.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Miss(Image image, MachineSpec spec)
    {
        var shelf = node.Shelf(image);
        return AreWanted(image) && Likeness(image, spec) is { } likeness
            && shelf.List().Count(t => t.Maker == node.Hypervisor.Maker) + shelf.Wishes().Count < MostForJobs
            && shelf.Want(new TemplateWish(KeyOf(likeness), spec.Cpus, spec.Memory));
    }

    /// <summary>What a machine and a template must have in common; null when machines of this image cannot be frozen on this node.</summary>
    public string? Likeness(Image image, MachineSpec spec) =>
        node.Hypervisor.Likeness(spec) is { } likeness ? $"{likeness}, {spec.Append}" : null;

    /// <summary>The name of all templates that are alike in this.</summary>
    public static string KeyOf(string likeness) => Convert.ToHexStringLower(Sha256.Of(Encoding.UTF8.GetBytes(likeness)))[..KeyLetters];
}
