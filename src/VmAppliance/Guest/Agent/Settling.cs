using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Before a machine is frozen: what every job will use is brought into its memory, and nothing is left that must not be shared by all that
/// will be resumed from it. Keys, names, ids and the clock come with the identity, later.
/// </summary>
static class Settling
{
    // Bytes. What a template does not have to keep, no machine's start has to read; but a large machine shall not be made to use all that it could.
    const long Reserve = 6 << 20, MostCleared = 1 << 30;

    // Loaded with all their libraries, they stay in the page cache.
    static readonly string[][] s_used =
    [
        ["/usr/sbin/sshd", "-?"], ["/bin/sh", "-c", ":"],
    ];

    /// <summary>Settles.</summary>
    public static void Run()
    {
        foreach (var command in s_used)
            TryRun(command);
        GC.Collect();
        GuestKernel.Sync();
        FreeMemory.Clear(Reserve, MostCleared);
    }

    static void TryRun(string[] command)
    {
        try
        {
            CommandRunner.Run(command);
        }
        catch (ApplianceException)
        {
            // What an image has not, its jobs do not use.
        }
    }
}
