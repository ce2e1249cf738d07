using System.Globalization;
using VmAppliance.Diagnostics;

namespace VmAppliance.Processes;

/// <summary>Asks the node's account database through getent(1): a static binary cannot load NSS modules itself.</summary>
static class AccountDatabase
{
    const int NotFound = 2;

    /// <summary>An account by name or by number; null when there is none.</summary>
    /// <exception cref="ApplianceException">The database does not answer.</exception>
    public static Account? Find(string nameOrUid)
    {
        if (Ask("passwd", nameOrUid) is not { } line)
            return null;
        var fields = line.Split(':');
        var gid = Number(fields[3]);
        return new Account(fields[0], Number(fields[2]), gid, fields[5], fields[6], Groups(fields[0], gid));
    }

    /// <summary>An account that must exist.</summary>
    /// <exception cref="ApplianceException">There is none of that name.</exception>
    public static Account Get(string nameOrUid) => Find(nameOrUid) ?? throw new ApplianceException(
        Blame.Node, "look up account", nameOrUid, "the account database does not know it", "check with: getent passwd " + nameOrUid);

    static List<AccountGroup> Groups(string name, int primary)
    {
        // initgroups prints: name gid gid …
        var line = CommandRunner.Run(["getent", "--", "initgroups", name]).Output.Split('\n')[0];
        var gids = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Number).Prepend(primary).Distinct().ToList();
        var names = GroupNames(gids);
        return [.. gids.Select(gid => new AccountGroup(names.GetValueOrDefault(gid, $"gid{gid}"), gid))];
    }

    static Dictionary<int, string> GroupNames(IEnumerable<int> gids)
    {
        // One call for all; a gid without a name only makes the status 2.
        var keys = gids.Select(gid => gid.ToString(CultureInfo.InvariantCulture));
        var lines = CommandRunner.Run(["getent", "--", "group", .. keys]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Select(l => l.Split(':')).DistinctBy(f => f[2]).ToDictionary(f => Number(f[2]), f => f[0]);
    }

    static string? Ask(string database, string key)
    {
        // A key that begins with '-' would be read as an option.
        var result = CommandRunner.Run(["getent", "--", database, key]);
        return result.Status switch
        {
            0 => result.Output.Split('\n')[0],
            NotFound => null,
            _ => throw new ApplianceException(Blame.Node, "look up account", key, $"getent {database}: {result.LastError}"),
        };
    }

    static int Number(string text) => unchecked((int)uint.Parse(text, CultureInfo.InvariantCulture));
}
