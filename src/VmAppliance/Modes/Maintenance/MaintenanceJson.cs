using System.Text.Json.Serialization;
using VmAppliance.Jobs;
using VmAppliance.Storage;

namespace VmAppliance.Modes.Maintenance;

/// <summary>A node as <c>maintenance status --json</c> tells it.</summary>
sealed record NodeStatus(int Slots, IReadOnlyList<SlotStatus> Leases, IReadOnlyList<string> Images, IReadOnlyList<Fill> Storage);

/// <summary>A slot that is taken.</summary>
/// <param name="Slot">Number, from 0.</param>
/// <param name="Job">Job id and task.</param>
/// <param name="Phase">How far the lease has come.</param>
/// <param name="Owner">The job's owner.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Image">Its image.</param>
/// <param name="Machine">running, gone, or unknown where the hypervisor does not answer.</param>
/// <param name="Pid">The machine's process; 0 while there is none.</param>
/// <param name="AgeSeconds">Since the slot was claimed.</param>
/// <param name="CpuSeconds">What the machine has used.</param>
/// <param name="PeakMemoryKiB">The most memory it had.</param>
/// <param name="Trouble">Why it is dirty.</param>
sealed record SlotStatus(int Slot, string Job, Phase Phase, string Owner, string Queue, string Image, string Machine, int Pid,
    double AgeSeconds, double CpuSeconds, long PeakMemoryKiB, string? Trouble);

/// <summary>JSON of what maintenance prints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(IReadOnlyList<Rest>))]
[JsonSerializable(typeof(IReadOnlyList<Finding>))]
[JsonSerializable(typeof(IReadOnlyList<Fill>))]
[JsonSerializable(typeof(IReadOnlyList<ImageListing>))]
sealed partial class MaintenanceJson : JsonSerializerContext;
