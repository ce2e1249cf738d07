using VmAppliance.Guest;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>The identity of a request's machine.</summary>
/// <param name="request">What it is for.</param>
/// <param name="network">The network of its slot.</param>
/// <param name="zone">Its time zone; null for the image's.</param>
/// <param name="makesDirectory">Whether the job's working directory is made in it where it is missing.</param>
sealed class IdentityOf(MachineRequest request, SlotNetwork network, GuestZone? zone = null, bool makesDirectory = false)
{
    // Made when they are first asked for: while the machine boots, where it asks itself.
    readonly Lazy<SshKeyPair> _client = new(SshKeyPair.Create), _host = new(SshKeyPair.Create);

    const int EntropyBytes = 64;
    const long NanosecondsPerTick = 100;

    /// <summary>The key pair of whoever may log in.</summary>
    public SshKeyPair Client => _client.Value;

    /// <summary>The key pair by which the machine proves itself.</summary>
    public SshKeyPair Host => _host.Value;

    /// <summary>Begins to make the keys while the caller does something else.</summary>
    public void Begin() => new Thread(() =>
    {
        try
        {
            _ = (_client.Value, _host.Value);
        }
        catch (IOException)
        {
            // Whoever asks for them is told.
        }
    }) { IsBackground = true }.Start();

    /// <summary>The owner's home in the machine: as on the node, unless the account has none. Only its name is looked at: it may be on a file server that hangs.</summary>
    public string Home { get; } = request.Owner.Home is { Length: > 1 } home && home[0] == '/'
        && !home.StartsWith("/nonexistent", StringComparison.Ordinal) ? home : $"/home/{request.Owner.Name}";

    /// <summary>The identity as of now: its clock and its entropy are good for one machine, at this moment.</summary>
    public Identity Now() => new(
        NodeNames.OfMachine(Environment.MachineName, request.Job.Key),
        new GuestAccount(request.Owner.Name, request.Owner.Uid, request.Owner.Gid, Home, request.Owner.Shell,
            [.. request.Owner.Groups.Select(g => new GuestGroup(g.Name, g.Gid))]),
        Client.PublicLine, Host.PrivateKey, network.Guest,
        TimeNanoseconds(), Entropy.Bytes(EntropyBytes), request.Job.Directories, makesDirectory ? request.Directory : null, NodeNames.OfThis(request.Job.Host), zone);

    /// <summary>The wall clock in nanoseconds since 1970.</summary>
    public static long TimeNanoseconds() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * NanosecondsPerTick;
}
