using System.Text.Json.Serialization;

namespace VmAppliance.Guest;

/// <summary>What makes a machine this job's machine. One JSON object; the guest applies it as a whole before it says ready.</summary>
/// <param name="HostName">The machine's name.</param>
/// <param name="Account">The job's owner, as on the node.</param>
/// <param name="AuthorizedKey">The one key that may log in: a line of authorized_keys, sshd(8).</param>
/// <param name="HostKey">The private key by which the machine's sshd proves itself: an OpenSSH PEM file.</param>
/// <param name="Network">The address of its network card.</param>
/// <param name="TimeNanoseconds">Wall-clock time: nanoseconds since 1970 (UTC).</param>
/// <param name="Entropy">Random bytes for the guest kernel's generator.</param>
/// <param name="Directories">Directories to be made for the owner at the same path as on the node.</param>
/// <param name="WorkingDirectory">A directory to be made, empty and root's, where it is missing; null for none.</param>
/// <param name="NodeNames">Names of the node that the machine answers to as well: what names the node to a job means the machine it is in.</param>
/// <param name="Zone">The time zone; null for the image's own.</param>
sealed record Identity(string HostName, GuestAccount Account, string AuthorizedKey, string HostKey, GuestNetwork Network,
    long TimeNanoseconds, byte[] Entropy, IReadOnlyList<string> Directories, byte[]? WorkingDirectory = null, IReadOnlyList<string>? NodeNames = null,
    GuestZone? Zone = null)
{
    /// <summary>The wall-clock time, to a tenth of a microsecond.</summary>
    [JsonIgnore]
    public DateTime Time => DateTime.UnixEpoch.AddTicks(TimeNanoseconds / TimeSpan.NanosecondsPerTick);
}

/// <summary>A time zone.</summary>
/// <param name="Name">Its name in the zones' database, such as <c>Europe/Berlin</c>; null when it is not known.</param>
/// <param name="Rules">Its rules as the database has them, tzfile(5); none when it must be known by its name.</param>
sealed record GuestZone(string? Name, byte[] Rules)
{
    /// <summary>Whether this can be a name: a path in the database that does not lead out of it.</summary>
    public static bool IsName(string name) => name.Length > 0 && name.Split('/').All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '+'));
}

/// <summary>An account as the guest's files have it: passwd(5), group(5).</summary>
sealed record GuestAccount(string Name, int Uid, int Gid, string Home, string Shell, IReadOnlyList<GuestGroup> Groups);

/// <summary>A group that the account is in.</summary>
sealed record GuestGroup(string Name, int Gid);

/// <summary>A static network configuration.</summary>
/// <param name="Mac">The card it is for.</param>
/// <param name="Address">Address with prefix length, e.g. <c>10.0.2.15/24</c>.</param>
/// <param name="Gateway">Default route; null for none.</param>
/// <param name="NameServers">Resolvers.</param>
/// <param name="IsPrivate">Whether no other machine is in it: then it looks the same to each, and one may be frozen while it is connected.</param>
sealed record GuestNetwork(string Mac, string Address, string? Gateway, IReadOnlyList<string> NameServers, bool IsPrivate = false);
