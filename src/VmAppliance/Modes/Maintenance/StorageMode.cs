using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Storage;
using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance storage</c>: init, status, remove.</summary>
static class StorageMode
{
    /// <summary>The sub-command and its own.</summary>
    public static Command Create(Func<ParseResult, string> configuration) =>
        new("storage", "Look after the volumes that disks are made of.") { Init(configuration), Status(configuration), Remove(configuration) };

    static Command Init(Func<ParseResult, string> configuration)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be made." };
        var command = new Command("init", "Make the volumes that this node's slots need.") { dryRun };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("make volumes");
            var settings = Load(parsed, configuration, "make volumes");
            var volumes = new NodeVolumes(settings.Storage, settings.Slots.Count);
            var missing = parsed.GetValue(dryRun) ? [.. volumes.Plan().Where(v => !v.IsThere)] : volumes.Make();
            foreach (var volume in missing)
                Console.WriteLine($"volume {settings.Storage.VolumeGroup}/{volume.Name}, {Units.Text(volume.Bytes)}, {volume.Purpose}: {(parsed.GetValue(dryRun) ? "would be made" : "made")}");
            if (missing.Count == 0)
                Console.WriteLine($"volume group {settings.Storage.VolumeGroup}: all volumes are there");
            return 0;
        });
        return command;
    }

    static Command Status(Func<ParseResult, string> configuration)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("status", "Show how full the disks' places are.") { json };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("show storage");
            var fills = new Node(ConfigurationFile.Load(configuration(parsed))).Disks.Fills();
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(fills, MaintenanceJson.Default.IReadOnlyListFill));
            else
                Print(fills);
            return fills.Any(f => f.Warning is not null) ? 1 : 0;
        });
        return command;
    }

    static Command Remove(Func<ParseResult, string> configuration)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be removed." };
        var command = new Command("remove", "Remove the slots' devices and volumes; images stay.") { dryRun };
        command.SetAction(parsed =>
        {
            ReapMode.RequireRoot("remove volumes");
            var settings = Load(parsed, configuration, "remove volumes");
            var node = new Node(settings);
            using var still = node.Leases.Freeze();
            if (node.Leases.Records() is [var user, ..])
                throw new ApplianceException(Blame.Transient, "remove volumes", settings.Storage.VolumeGroup, $"job {user.Job} has a machine on one of them",
                    "wait for the jobs, or: vmappliance maintenance reap");
            foreach (var volume in new NodeVolumes(settings.Storage, settings.Slots.Count).Remove(parsed.GetValue(dryRun)))
                Console.WriteLine($"volume {settings.Storage.VolumeGroup}/{volume}: {(parsed.GetValue(dryRun) ? "would be removed" : "removed")}");
            return 0;
        });
        return command;
    }

    /// <summary>Prints how full places are, and what is wrong with them.</summary>
    public static void Print(IReadOnlyList<Fill> fills)
    {
        Table.Print(["PLACE", "USED", "SIZE", "FULL"], fills.Select(f => (string[])[f.Name, Size(f.UsedBytes), Size(f.TotalBytes),
            f.TotalBytes == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100 * f.UsedBytes / f.TotalBytes} %")]));
        foreach (var fill in fills.Where(f => f.Warning is not null))
            Console.WriteLine($"{fill.Name}: {fill.Warning}");
    }

    static string Size(long bytes) => Units.Text(bytes >= 1 << 20 ? bytes >> 20 << 20 : bytes);

    static Settings Load(ParseResult parsed, Func<ParseResult, string> configuration, string operation)
    {
        var settings = ConfigurationFile.Load(configuration(parsed));
        return settings.Storage.Kind != StorageKind.File ? settings : throw new ApplianceException(Blame.Usage, operation, "[storage] kind = file",
            "disks are files here and need no volumes", "name an LVM volume group: [storage] volume_group");
    }
}
