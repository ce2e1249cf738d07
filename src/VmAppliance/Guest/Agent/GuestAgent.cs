using VmAppliance.Diagnostics;

namespace VmAppliance.Guest.Agent;

/// <summary>The machine's side of a lease: learns who it is, becomes that, serves ssh. Runs as root, started at boot.</summary>
static class GuestAgent
{
    /// <summary>Runs for as long as the machine does.</summary>
    public static int Run()
    {
        using var identityGiver = IdentityGiver.Wait();
        while (identityGiver.Next() is { } message)
        {
            if (message.Identity is { } identity)
                identityGiver.Answer(Become(identity));
            else if (message.TimeNanoseconds is { } time)
                Linux.GuestKernel.SetClock(time);
        }
        return 0;
    }

    static GuestMessage Become(Identity identity)
    {
        try
        {
            IdentityChange.Apply(identity);
            SshServer.Start(identity);
            return new GuestMessage { Ready = true };
        }
        catch (Exception e) when (e is ApplianceException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            return new GuestMessage { Error = e.Message };
        }
    }
}
