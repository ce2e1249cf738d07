using System.Text.Json.Serialization;
using VmAppliance.Batch;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Storage;

namespace VmAppliance.Jobs;

/// <summary>What root knows of a lease: <c>record.json</c>, readable by root alone and never by way of its owner.</summary>
/// <param name="Job">Job id and task.</param>
/// <param name="Slot">Slot number, from 0.</param>
/// <param name="Phase">How far it has come.</param>
/// <param name="Owner">Login name of the job's owner.</param>
/// <param name="Uid">User id of the owner.</param>
/// <param name="Queue">The queue it came through.</param>
/// <param name="Image">The image.</param>
/// <param name="BootId">The node's boot it was made in.</param>
/// <param name="LivesIn">A path that exists as long as the batch system has the job here; null when the lease's lock says so.</param>
/// <param name="Since">When the slot was claimed.</param>
/// <param name="Machine">The machine; its uuid is known before it is started.</param>
/// <param name="Trouble">Why the lease is dirty.</param>
sealed record LeaseRecord(string Job, int Slot, Phase Phase, string Owner, int Uid, string Queue, string Image, string BootId,
    string? LivesIn, DateTimeOffset Since, MachineReference Machine, string? Trouble)
{
    /// <summary>Its disk.</summary>
    [JsonIgnore]
    public DiskKey Disk => new(Job, Slot);

    /// <summary>The job's key.</summary>
    [JsonIgnore]
    public JobKey Key => JobKey.Parse(Job) ?? throw new FormatException($"'{Job}' is no job");
}

/// <summary>What the owner may know of a lease: <c>pass.json</c>, the owner's own file. Root writes it once and never believes it.</summary>
/// <param name="Access">The way into the machine.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Home">The owner's home directory in the machine.</param>
/// <param name="LostStatus">Exit status for a job whose machine was lost while it ran.</param>
sealed record Pass(GuestAccess Access, MachineReference Machine, string Home, int LostStatus);

/// <summary>JSON of a lease's files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LeaseRecord))]
[JsonSerializable(typeof(Pass))]
sealed partial class LeaseJson : JsonSerializerContext;
