using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Storage;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance status</c>: who holds which slot.</summary>
static class StatusMode
{
    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("status", "Show slots, machines and images.") { json };
        command.SetAction(parsed => Show(configuration(parsed), parsed.GetValue(json)));
        return command;
    }

    static int Show(string configuration, bool json)
    {
        ReapMode.RequireRoot("show status");
        var node = new Node(ConfigurationFile.Load(configuration));
        var status = new NodeStatus(node.Leases.Slots, [.. node.Leases.Records().Select(r => Slot(node, r))], [.. node.Images.List().Select(i => i.Name)], Fills(node));
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(status, MaintenanceJson.Default.NodeStatus));
        else
            Print(status);
        return 0;
    }

    // Who holds which slot must be seen where the storage is broken, too.
    static IReadOnlyList<Fill> Fills(Node node)
    {
        try
        {
            return node.Disks.Fills();
        }
        catch (Exception e) when (e is ApplianceException or IOException)
        {
            return [new Fill("storage", 0, 0, e.Message)];
        }
    }

    static SlotStatus Slot(Node node, LeaseRecord record)
    {
        var (usage, machine) = Machine(node, record);
        return new SlotStatus(record.Slot, record.Job, record.Phase, record.Owner, record.Queue, record.Image,
            machine, record.Machine.Pid, (DateTimeOffset.UtcNow - record.Since).TotalSeconds,
            usage is null ? 0 : (usage.User + usage.System).TotalSeconds, usage?.PeakMemoryKiB ?? 0, record.Trouble);
    }

    // A hypervisor that does not answer must not hide who holds which slot.
    static (MachineUsage? Usage, string Machine) Machine(Node node, LeaseRecord record)
    {
        try
        {
            var usage = node.Hypervisor.Usage(record.Machine);
            return (usage, usage is null ? "gone" : "running");
        }
        catch (ApplianceException)
        {
            return (null, "unknown");
        }
    }

    static void Print(NodeStatus status)
    {
        Console.WriteLine($"{status.Leases.Count} of {status.Slots} slots taken; images: {(status.Images.Count == 0 ? "none" : string.Join(", ", status.Images))}");
        if (status.Leases.Count > 0)
            Table.Print(["SLOT", "JOB", "PHASE", "OWNER", "QUEUE", "IMAGE", "MACHINE", "AGE", "CPU", "MEMORY"], status.Leases.Select(Row));
        foreach (var slot in status.Leases.Where(s => s.Trouble is not null))
            Console.WriteLine($"slot {slot.Slot} is dirty: {slot.Trouble} (hint: vmappliance maintenance reap)");
        foreach (var fill in status.Storage.Where(f => f.Warning is not null))
            Console.WriteLine($"{fill.Name}: {fill.Warning}");
    }

    static string[] Row(SlotStatus s) =>
    [
        Number(s.Slot), s.Job, s.Phase.ToString(), s.Owner, s.Queue, s.Image, s.Pid == 0 ? s.Machine : $"{s.Machine} {s.Pid}",
        $"{Number(s.AgeSeconds)} s", $"{Number(s.CpuSeconds)} s", $"{Number(s.PeakMemoryKiB >> 10)} MiB",
    ];

    static string Number(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
