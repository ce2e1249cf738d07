using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The machine's side of a lease: learns who it is, becomes that, serves ssh. Runs as root, started at boot.</summary>
static class GuestAgent
{
    /// <summary>Runs for as long as the machine does.</summary>
    public static int Run()
    {
        Limits.RaiseOpenFiles();
        using var giver = IdentityGiver.Wait();
        while (giver.Next() is { } message)
        {
            if (message.Identity is { } identity)
                giver.Answer(Become(identity, giver.IsLive));
            else if (message.Settle == true)
                giver.Answer(Settle());
            else if (message.TimeNanoseconds is { } time)
                GuestKernel.SetClock(time);
            else if (message.Signal is { } signal)
                Kill.Process(signal.Launcher, signal.Number);
        }
        return 0;
    }

    static GuestMessage Settle()
    {
        Settling.Run();
        return new GuestMessage { Settled = true };
    }

    static GuestMessage Become(Identity identity, bool isFresh)
    {
        try
        {
            IdentityChange.Apply(identity, isFresh);
            SshServer.Start(identity);
            return new GuestMessage { Ready = true };
        }
        catch (Exception e) when (e is ApplianceException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            return new GuestMessage { Error = e.Message };
        }
    }
}
