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

    /// <summary>Settles.</summary>
    public static void Run()
    {
        GC.Collect();
        GuestKernel.Sync();
        FreeMemory.Clear(Reserve, MostCleared);
    }
}
