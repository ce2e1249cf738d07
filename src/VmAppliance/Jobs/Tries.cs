using System.Text.Json.Serialization;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;

namespace VmAppliance.Jobs;

/// <summary>How often a job has come to this node and not begun: root's word, which everybody may read.</summary>
/// <param name="Job">Job id and task.</param>
/// <param name="Count">How often, this time included.</param>
/// <param name="Since">When it came for the first time.</param>
/// <param name="Owner">Login name of the job's owner.</param>
/// <param name="LivesIn">Where the batch system has it here: another cell's job of the number is elsewhere.</param>
/// <param name="Image">The image.</param>
/// <param name="BootId">The node's boot it was counted in.</param>
/// <param name="OthersBegan">Whether a job of the same image that came here later has begun.</param>
sealed record Tries(string Job, int Count, DateTimeOffset Since, string Owner, string? LivesIn, string Image,
    string BootId, bool OthersBegan)
{
    /// <summary>
    /// From this time on it is no accident: a lost machine or a slot that is being cleaned does not come five times
    /// in a row, and five tries are what a scheduler makes of a job within minutes.
    /// </summary>
    public const int Most = 5;

    /// <summary>
    /// How long a job is tried when all may be the node's fault. A node that is broken fails any job within seconds,
    /// and empties the batch system's whole list into error state if that is all it takes; within an hour its
    /// administrator may have seen it, or the job has gone elsewhere.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>Whether it is this job's, and not one's of the same number in another cell or boot.</summary>
    public bool IsOf(Job job, string bootId) =>
        (Job, Owner, LivesIn, BootId) == ($"{job.Key}", job.Owner, job.LivesIn, bootId);

    /// <summary>What so many tries in vain say of the last one.</summary>
    /// <param name="blame">Whose fault that one was.</param>
    /// <param name="now">The time.</param>
    /// <param name="last">Why that one failed; null when it has been said.</param>
    /// <returns>Null as long as it may be an accident; with the blame the job's, it must not be tried again.</returns>
    public ApplianceException? Finding(Blame blame, DateTimeOffset now, ApplianceException? last = null)
    {
        if (Count < Most)
            return null;
        var thisTime = last is null ? "" : $"; this time: {last.Message}";
        var reason = $"it has come {Count} times within {Minutes(now)} min and has never begun, {Suspect}{thisTime}";
        var (whose, hint) = IsOver(blame, now) ? (Blame.Job, "it is not tried again; when that is mended: qmod -cj")
            : (blame, $"it is tried for {Patience.TotalMinutes:0} min; then it is in error");
        return new ApplianceException(whose, "start job", $"job {Job}", reason, hint, last);
    }

    // What others' jobs tell is only whether machines of this image start here. A device or a lock that stays busy
    // may meet one job alone.
    bool IsOver(Blame blame, DateTimeOffset now) => (OthersBegan && blame == Blame.Machine) || Age(now) >= Patience;

    string Suspect => OthersBegan
        ? $"while other jobs of image {Image} have begun here: it looks like the job's own fault"
        : $"and no later job of image {Image} has begun here: it looks like the fault of the image or of this node";

    string Minutes(DateTimeOffset now) => $"{Math.Ceiling(Age(now).TotalMinutes):0}";

    // A clock that was set back must not make it wait for ever.
    TimeSpan Age(DateTimeOffset now) => (now - Since).Duration();
}

/// <summary>JSON of the files that count.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Tries))]
sealed partial class TriesJson : JsonSerializerContext;
