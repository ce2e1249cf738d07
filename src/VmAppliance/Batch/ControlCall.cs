using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>What a control method of a queue was called for: queue_conf(5) under suspend_method.</summary>
/// <param name="Key">The job; null when neither the words nor the environment name one.</param>
/// <param name="Starter">Its starter's process, which is its process group; 0 when it was not said.</param>
readonly record struct ControlCall(JobKey? Key, int Starter)
{
    /// <summary>Reads a method's words: <c>$job_id $job_pid</c>, or <c>$job_id $ja_task_id $job_pid</c>, which Grid Engine 9.2 has not.</summary>
    /// <param name="words">The method's arguments.</param>
    /// <param name="variable">Finds a variable of its environment: the job's own, and so its owner's to choose.</param>
    public static ControlCall Read(IReadOnlyList<string> words, Func<string, string?> variable)
    {
        var id = words is [var first, ..] ? first : variable("JOB_ID");
        var starter = words.Count > 1 && int.TryParse(words[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0;
        return new ControlCall(words.Count > 2 ? JobKey.Parse(id, words[1]) : OfSpool(id, variable) ?? JobKey.Parse(id, variable("SGE_TASK_ID")), starter);
    }

    // The spool directory's name is JOB.TASK, or that of a task of a parallel job that has its own below.
    static JobKey? OfSpool(string? id, Func<string, string?> variable) =>
        variable(GridEngine.SpoolVariable) is { } path && (JobKey.Parse(Path.GetFileName(path)) ?? JobKey.Parse(Path.GetFileName(Path.GetDirectoryName(path)) ?? "")) is { } key
        && key.Id == id ? key : null;
}
