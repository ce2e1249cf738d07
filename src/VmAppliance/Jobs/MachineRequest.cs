using VmAppliance.Batch;
using VmAppliance.Processes;

namespace VmAppliance.Jobs;

/// <summary>A job that wants a machine.</summary>
/// <param name="Job">The job.</param>
/// <param name="Owner">Its owner's account.</param>
/// <param name="Image">Name of the image.</param>
/// <param name="LostStatus">Exit status for a job whose machine is lost while it runs.</param>
/// <param name="Cpus">Virtual cpus; null for the image's.</param>
/// <param name="Memory">Bytes; null for the image's.</param>
/// <param name="Boots">Whether it boots in any case.</param>
/// <param name="Directory">The job's working directory; null when it has none.</param>
sealed record MachineRequest(Job Job, Account Owner, string Image, int LostStatus, int? Cpus = null, long? Memory = null, bool Boots = false,
    byte[]? Directory = null);
