using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>What names a job on a node: its id and its array task. Part of file and machine names, so only letters, digits, '-' and '_'.</summary>
/// <param name="Id">The batch system's job id.</param>
/// <param name="Task">The array task; 1 where there is none.</param>
readonly record struct JobKey(string Id, int Task)
{
    const int LongestId = 32;

    /// <summary>Reads id and task as a batch system says them; null when they cannot be a job's.</summary>
    /// <param name="id">The job id.</param>
    /// <param name="task">The task; <c>undefined</c>, <c>0</c> or nothing where there is none.</param>
    public static JobKey? Parse(string? id, string? task)
    {
        if (id is not { Length: > 0 and <= LongestId } || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            return null;
        if (task is null or "" or "undefined" or "0")
            return new JobKey(id, 1);
        return int.TryParse(task, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new JobKey(id, number) : null;
    }

    /// <summary>Reads <c>ID.TASK</c>; null when it is none.</summary>
    public static JobKey? Parse(string text) =>
        text.LastIndexOf('.') is > 0 and var dot && Parse(text[..dot], text[(dot + 1)..]) is { } key && key.ToString() == text ? key : null;

    public override string ToString() => $"{Id}.{Task}";
}
