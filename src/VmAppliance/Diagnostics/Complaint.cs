using VmAppliance.Linux;

namespace VmAppliance.Diagnostics;

/// <summary>Says a failure to a person: the sentence, then the hint on its own line.</summary>
static class Complaint
{
    const int Errors = 2;

    static bool s_neverWaits;

    /// <summary>From now on nothing that is said is waited for long: standard error is a file that somebody else chose, a pipe that nobody reads perhaps.</summary>
    public static void NeverWait() => s_neverWaits = true;

    /// <summary>The lines for standard error.</summary>
    public static string Text(Exception failure) => failure switch
    {
        ApplianceException { Hint: { } hint } e => $"vmappliance: {e.Message}\n(hint: {hint})\n",
        ApplianceException e => $"vmappliance: {e.Message}\n",
        IOException or UnauthorizedAccessException => $"vmappliance: {failure.Message}\n",
        _ => $"vmappliance: unexpected failure: {failure}\n(hint: this is a defect of vmappliance; please report these lines)\n",
    };

    /// <summary>Says it on standard error. Where that is a file on a full disk nobody hears it, and nothing else may come of it.</summary>
    public static void Say(string text)
    {
        try
        {
            if (s_neverWaits)
                ForeignStream.Write(Errors, text);
            else
                Console.Error.Write(text);
        }
        catch (IOException)
        {
            // Nobody hears it.
        }
    }

    /// <summary>Whose fault a failure is; what nobody foresaw is the node's.</summary>
    public static Blame BlameOf(Exception failure) => failure is ApplianceException e ? e.Blame : Blame.Node;
}
