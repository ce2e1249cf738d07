using System.Text.Json.Serialization;

namespace VmAppliance.Jobs;

/// <summary>How far a lease has come. Written before the step is taken: a hook that dies leaves word of what may be there.</summary>
[JsonConverter(typeof(PhaseConverter))]
enum Phase
{
    /// <summary>The slot is taken; nothing else is there.</summary>
    Claimed,

    /// <summary>The disk is being made.</summary>
    Wiping,

    /// <summary>The machine is being started.</summary>
    Starting,

    /// <summary>The machine boots and learns who it is.</summary>
    Identifying,

    /// <summary>The machine is the job's.</summary>
    Ready,

    /// <summary>Everything is being taken down.</summary>
    Releasing,

    /// <summary>Taking down failed; the slot is not used until reap has healed it.</summary>
    Dirty,
}
