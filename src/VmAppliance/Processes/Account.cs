namespace VmAppliance.Processes;

/// <summary>A group of the account database.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Gid">Its number.</param>
sealed record AccountGroup(string Name, int Gid);

/// <summary>An account of the node: whose jobs, and so whose machines, they are.</summary>
/// <param name="Name">Login name.</param>
/// <param name="Uid">User id.</param>
/// <param name="Gid">Primary group id.</param>
/// <param name="Home">Home directory.</param>
/// <param name="Shell">Login shell.</param>
/// <param name="Groups">All groups, the primary one first.</param>
sealed record Account(string Name, int Uid, int Gid, string Home, string Shell, IReadOnlyList<AccountGroup> Groups);
