using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>The machine's side of a lease: learns who it is, becomes that, serves ssh. Runs as root, started at boot.</summary>
static class GuestAgent
{
    static KeptFiles? s_accounts;

    /// <summary>Runs for as long as the machine does.</summary>
    public static int Run()
    {
        Limits.RaiseOpenFiles();
        using var giver = IdentityGiver.Wait();
        while (giver.Next() is { } message)
        {
            if (message.Identity is { } identity)
                giver.Answer(Become(identity, giver.IsLive));
            else if (message.Rehearsal is { } part)
                giver.Answer(Rehearse(part));
            else if (message.Settle == true)
                giver.Answer(Settle());
            else if (message.TimeNanoseconds is { } time)
                GuestKernel.SetClock(time);
            else if (message.Signal is { } signal && !JobDoor.Signal(signal))
                Kill.Process(signal.Launcher, signal.Number);
        }
        return 0;
    }

    static GuestMessage Become(Identity identity, bool isFresh) => Try(new GuestMessage { Ready = true }, () =>
    {
        IdentityChange.Apply(identity, isFresh);
        SshServer.Start(identity);
        // Without a port nobody could pass signals on to a job that came in there.
        if (isFresh)
            JobDoor.Open();
    });

    static GuestMessage Rehearse(Identity part)
    {
        s_accounts = AccountFiles.Keep();
        return Become(part, isFresh: true);
    }

    static GuestMessage Settle() => Try(new GuestMessage { Settled = true }, () =>
    {
        SshServer.Forget();
        NetworkChange.Leave();
        IdentityChange.Forget();
        s_accounts?.Restore();
        SshServer.Prepare();
        Settling.Run();
    });

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
