using VmAppliance.Guest;

namespace VmAppliance.Tests.Guest;

/// <summary>An identity for tests.</summary>
static class Sample
{
    public static GuestAccount Account { get; } = new("alice", 1001, 1001, "/home/alice", "/bin/bash", [new("alice", 1001), new("staff", 50)]);

    public static Identity Identity { get; } = new("vma-7-1", Account, "ecdsa-sha2-nistp256 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n",
        new GuestNetwork("52:54:00:01:02:03", "10.0.2.15/24", "10.0.2.2", ["10.0.2.3"]), 1_700_000_000_000_000_001, [0, 1, 254, 255], ["/var/spool/ge/7.1"]);

    /// <summary>What an identity says, lists included.</summary>
    public static string Text(Identity? identity) => identity is null ? "none"
        : $"{identity with { Entropy = [], Directories = [], Account = identity.Account with { Groups = [] }, Network = identity.Network with { NameServers = [] } }}"
            .Replace($"{typeof(object[])}", "", StringComparison.Ordinal)
            + $"{Convert.ToHexString(identity.Entropy)}|{string.Join(',', identity.Directories)}|{string.Join(',', identity.Account.Groups)}|{string.Join(',', identity.Network.NameServers)}";
}
