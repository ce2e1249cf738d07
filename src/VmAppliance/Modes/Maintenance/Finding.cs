using System.Text.Json.Serialization;
using VmAppliance.Diagnostics;

namespace VmAppliance.Modes.Maintenance;

/// <summary>One finding of <c>maintenance check</c>.</summary>
/// <param name="Subject">What was looked at.</param>
/// <param name="Verdict">ok, warning or error.</param>
/// <param name="Text">What was found.</param>
/// <param name="Advice">What to do about it.</param>
sealed record Finding(string Subject, string Verdict, [property: JsonPropertyName("finding")] string Text, string? Advice)
{
    /// <summary>All is well.</summary>
    public static Finding Good(string subject, string text) => new(subject, "ok", text, null);

    /// <summary>Jobs run, but not as they could.</summary>
    public static Finding Warning(string subject, string text, string? advice) => new(subject, "warning", text, advice);

    /// <summary>No job can run.</summary>
    public static Finding Bad(string subject, string text, string? advice) => new(subject, "error", text, advice);

    /// <summary>No job can run, for the reason of a failure.</summary>
    public static Finding Bad(string subject, ApplianceException failure) => Bad(subject, failure.Message, failure.Hint);
}
