using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>
/// What each job's machine goes through, gone through once before a machine is frozen: an identity, which nobody keeps, and a session. What
/// is resumed from it finds all that in its memory, and used before.
/// </summary>
/// <param name="machine">The machine, which boots.</param>
/// <param name="port">Prefix of its identity port's pipes.</param>
/// <param name="readiness">Waits for what it says.</param>
sealed class Rehearsal(Machine machine, string port, Readiness readiness)
{
    const string Operation = "rehearse";
    const int MostErrors = 64 * 1024;

    static readonly TimeSpan SessionPatience = TimeSpan.FromMinutes(2);

    /// <summary>Runs it, and has the guest settle.</summary>
    /// <param name="request">Whose machine it pretends to be.</param>
    /// <param name="network">The network of its slot.</param>
    /// <exception cref="ApplianceException">Something of it failed, as it would for a job.</exception>
    public void Run(MachineRequest request, SlotNetwork network)
    {
        var identity = new IdentityOf(request, network);
        readiness.Wait(port, () => new GuestMessage { Rehearsal = Passing(identity.Now()) });
        var access = new GuestAccess(machine.Address ?? network.Address, machine.Port, GuestAccess.SessionUser, identity.Client.PrivateKey, identity.Host.Fingerprint);
        RunSession(access).GetAwaiter().GetResult();
        readiness.Wait(port, () => new GuestMessage { Settle = true }, isAwake: true);
    }

    // Nothing of it is written that would stay: no home, no resolver.
    static Identity Passing(Identity identity) => identity with
    {
        Account = identity.Account with { Home = "/" },
        Network = identity.Network with { NameServers = [] },
        Directories = [],
    };

    async Task RunSession(GuestAccess access)
    {
        using var lost = new CancellationTokenSource(SessionPatience);
        using var watch = new MachineWatch(machine.Reference, machine.Console, lost);
        using var session = GuestSession.Connect(access, null, lost.Token);
        using var errors = new TailStream(MostErrors);
        var result = await session.Run(Commands.Nothing(), Stream.Null, Stream.Null, errors, () => true).ConfigureAwait(false);
        if (result.End?.Status != 0)
            throw new ApplianceException(Blame.Node, Operation, machine.Name, Reason(result, errors.Text.Trim()),
                "try: vmappliance run --cold --image IMAGE -- true");
    }

    static string Reason(GuestResult result, string errors) => result.End?.Status is { } status
        ? $"a job that does nothing ended with status {status}: {errors}" : $"a job that does nothing was lost: {result.Loss}";
}
