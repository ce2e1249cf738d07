namespace VmAppliance.Diagnostics;

/// <summary>A failure as a person reads it: operation, object, reason; then a hint.</summary>
/// <param name="blame">Whose fault it is.</param>
/// <param name="operation">What was being done, e.g. "claim slot".</param>
/// <param name="target">What it was done to, e.g. "job 7.1".</param>
/// <param name="reason">Why it failed.</param>
/// <param name="hint">What to do about it; null when there is nothing to say.</param>
/// <param name="inner">The cause.</param>
sealed class ApplianceException(Blame blame, string operation, string target, string reason, string? hint = null, Exception? inner = null)
    : Exception($"{operation}, {target}: {reason}", inner)
{
    /// <summary>Whose fault it is.</summary>
    public Blame Blame { get; } = blame;

    /// <summary>Why it failed.</summary>
    public string Reason { get; } = reason;

    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;
}
