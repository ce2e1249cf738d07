using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Before a machine is frozen: what every job will use is brought into its memory, and nothing is left that must not be shared by all that
/// will be resumed from it. Keys, names, ids and the clock come with the identity, later.
/// </summary>
static class Settling
{
    // Bytes. What a template does not have to keep, no machine's start has to read; but a large machine shall not be made to use all that it could.
    const long Reserve = 6 << 20, MostCleared = 1 << 30;

    // proc(5)
    const string Importance = "/proc/self/oom_score_adj", MostImportant = "-1000", Ordinary = "0";

    /// <summary>Settles.</summary>
    public static void Run()
    {
        GC.Collect();
        GuestKernel.Sync();
        // It starts nobody meanwhile who would inherit this. Should others take what is left, it is not the agent that must go for it.
        File.WriteAllText(Importance, MostImportant);
        try
        {
            FreeMemory.Clear(Reserve, MostCleared);
        }
        finally
        {
            File.WriteAllText(Importance, Ordinary);
        }
    }
}
