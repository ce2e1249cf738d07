using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The machine's side of a lease: learns who it is, becomes that, serves ssh. Runs as root, started at boot.</summary>
static class GuestAgent
{
    static KeptFiles? s_accounts;
    static bool s_keepsAddresses;

    /// <summary>Runs for as long as the machine does.</summary>
    public static int Run()
    {
        Limits.RaiseOpenFiles();
        using var giver = IdentityGiver.Wait();
        while (giver.Next() is { } message)
        {
            if (message.Identity is { } identity)
                giver.Answer(Try(new GuestMessage { Ready = true }, () =>
                {
                    Become(identity, giver.IsLive);
                    KeepAddresses();
                }));
            else if (message.Rehearsal is { } part)
                giver.Answer(Rehearse(part));
            else if (message.Settle == true)
                giver.Answer(Settle());
            else if (message.TimeNanoseconds is { } time)
                GuestKernel.SetClock(time);
            else if (message.Signal is { } signal)
                JobDoor.Signal(signal);
        }
        return 0;
    }

    static void Become(Identity identity, bool isFresh)
    {
        IdentityChange.Apply(identity, isFresh);
        SshServer.Start(identity);
        JobDoor.Open(identity.Account);
    }

    static GuestMessage Rehearse(Identity part)
    {
        s_accounts = AccountFiles.Keep();
        return Try(new GuestMessage { Ready = true }, () => Become(part, isFresh: true));
    }

    static GuestMessage Settle() => Try(new GuestMessage { Settled = true }, () =>
    {
        SshServer.Forget();
        NetworkChange.Leave();
        IdentityChange.Forget();
        s_accounts?.Restore();
        SshServer.Prepare();
        KeepAddresses();
        Settling.Run();
    });

    // An emulator translates what is executed at another address anew, the C library for each program that is started: scripts take five times as
    // long. What serves the network is started before, and is where nobody can guess.
    static void KeepAddresses()
    {
        if (s_keepsAddresses || !Processor.IsEmulated)
            return;
        GuestKernel.FixAddresses();
        s_keepsAddresses = true;
    }

    static GuestMessage Try(GuestMessage success, Action action)
    {
        try
        {
            action();
            return success;
        }
        catch (Exception e) when (e is ApplianceException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            return new GuestMessage { Error = e.Message };
        }
    }
}
