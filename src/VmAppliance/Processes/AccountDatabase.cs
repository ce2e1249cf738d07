using System.Globalization;
using VmAppliance.Diagnostics;

namespace VmAppliance.Processes;

/// <summary>The node's account database: its files where their word is final, else through getent(1), as a static binary cannot load NSS modules itself.</summary>
static class AccountDatabase
{
    static readonly LocalAccounts s_local = new();

    const int NotFound = 2;

    /// <summary>An account by name or by number; null when there is none.</summary>
    /// <exception cref="ApplianceException">The database does not answer.</exception>
    public static Account? Find(string nameOrUid)
    {
        if ((s_local.Account(nameOrUid) ?? Ask("passwd", nameOrUid)) is not { } line)
            return null;
        var fields = line.Split(':');
        var gid = Number(fields[3]);
        return new Account(fields[0], Number(fields[2]), gid, fields[5], fields[6], Groups(fields[0], gid));
    }

    /// <summary>An account that must exist.</summary>
    /// <exception cref="ApplianceException">There is none of that name.</exception>
    public static Account Get(string nameOrUid) => Find(nameOrUid) ?? throw new ApplianceException(
        Blame.Node, "look up account", nameOrUid, "the account database does not know it", "check with: getent passwd " + nameOrUid);

    /// <summary>An account's number, which is all that can be asked for without its groups; null when there is none.</summary>
    /// <exception cref="ApplianceException">The database does not answer.</exception>
    public static int? UidOf(string name) => (s_local.Account(name) ?? Ask("passwd", name)) is { } line ? Number(line.Split(':')[2]) : null;

    static List<AccountGroup> Groups(string name, int primary)
    {
        var gids = (s_local.GroupsOf(name) ?? AskGroups(name)).Prepend(primary).Distinct().ToList();
        var names = gids.Select(gid => (gid, name: s_local.GroupName(gid))).Where(g => g.name is not null).ToDictionary(g => g.gid, g => g.name!);
        foreach (var (gid, group) in GroupNames([.. gids.Where(gid => !names.ContainsKey(gid))]))
            names[gid] = group;
        return [.. gids.Select(gid => new AccountGroup(names.GetValueOrDefault(gid, $"gid{gid}"), gid))];
    }

    // initgroups prints: name gid gid …
    static IEnumerable<int> AskGroups(string name) => CommandRunner.Run(["getent", "--", "initgroups", name]).Output.Split('\n')[0]
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Number);

    static Dictionary<int, string> GroupNames(IReadOnlyCollection<int> gids)
    {
        if (gids.Count == 0)
            return [];
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
