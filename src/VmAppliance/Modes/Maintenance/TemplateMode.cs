using System.CommandLine;
using System.Globalization;
using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Jobs;
using VmAppliance.Processes;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance image template</c>: one of an image, or all that jobs have missed.</summary>
static class TemplateMode
{
    // systemd.exec(5), DynamicUser: numbers that are given to no account for long.
    const int FirstDynamicUid = 61184, DynamicUids = 65519 - FirstDynamicUid;

    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var name = new Argument<string?>("name") { Description = "The image.", Arity = ArgumentArity.ZeroOrOne };
        var cpus = new Option<int?>("--cpus") { Description = "Virtual cpus of its machines (default: the image's)." };
        var memory = new Option<string?>("--memory") { Description = "Their memory, such as 2GiB (default: the image's)." };
        var wanted = new Option<bool>("--wanted") { Description = "Make all that jobs would have been resumed from, had there been one." };
        var command = new Command("template", "Boot an image once and freeze it: its machines are resumed then.") { name, cpus, memory, wanted };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("make template");
            var node = new Node(ConfigurationFile.Load(configuration(parsed)));
            var (image, all) = (parsed.GetValue(name), parsed.GetValue(wanted));
            if (all == image is not null || (all && (parsed.GetValue(cpus) is not null || parsed.GetValue(memory) is not null)))
                throw new ApplianceException(Blame.Usage, "make template", image ?? "--wanted", "either of one image, or all that are wanted", "vmappliance maintenance image template --help");
            if (image is null)
                return MakeWanted(node);
            Make(node, image, parsed.GetValue(cpus), parsed.GetValue(memory) is { } m ? ImageMode.Size(m) : null);
            return 0;
        });
        return command;
    }

    /// <summary>Makes the first template of an image that was just imported. The image is there, whatever becomes of it.</summary>
    public static void MakeAfterImport(Node node, Image image)
    {
        if (!new Templates(node).AreWanted(image))
            return;
        try
        {
            Make(node, image.Name, null, null);
        }
        catch (ApplianceException e)
        {
            Complaint.Say(Complaint.Text(e));
            Complaint.Say($"vmappliance: image {image.Name} is imported; its machines boot until it has a template: vmappliance maintenance image template {image.Name}\n");
        }
    }

    // One that cannot be made now keeps nobody from making the others, and stays wanted.
    static int MakeWanted(Node node)
    {
        var status = 0;
        foreach (var image in node.Images.List())
            foreach (var wish in node.Shelf(image).Wishes())
                try
                {
                    if (new Templates(node).AreWanted(image) && node.Shelf(image).Find(wish.Key) is null)
                        Make(node, image.Name, wish.Cpus, wish.MemoryBytes);
                    node.Shelf(image).Forget(wish.Key);
                }
                catch (ApplianceException e)
                {
                    Complaint.Say(Complaint.Text(e));
                    status = CommandLine.StatusOf(e);
                }
        return status;
    }

    // Whoever shares the account of its machine could change what becomes the template: where the package's own is missing, nobody shall.
    static Account Owner() => AccountDatabase.Find(RunMode.SystemAccount) ?? OfNobody(
        Enumerable.Range(FirstDynamicUid, DynamicUids).First(uid => AccountDatabase.UidOf(uid.ToString(CultureInfo.InvariantCulture)) is null));

    static Account OfNobody(int uid) => new(RunMode.SystemAccount, uid, uid, "/", "/bin/sh", [new AccountGroup(RunMode.SystemAccount, uid)]);

    static void Make(Node node, string image, int? cpus, long? memory)
    {
        using var interruption = new Interruption();
        var job = new Job(new JobKey($"template{Environment.ProcessId}", 1), RunMode.SystemAccount, "", [], null);
        var template = new MakeTemplate(node, interruption.PollDescriptor).Run(new MachineRequest(job, Owner(), image, 0, cpus, memory));
        Console.WriteLine($"image {image}: template, {TemplateListing.Of(template, node)}");
    }
}
