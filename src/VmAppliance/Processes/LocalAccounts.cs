using System.Globalization;

namespace VmAppliance.Processes;

/// <summary>
/// The node's own files of accounts and groups, as far as their word is final: nsswitch.conf(5), passwd(5), group(5). To read them
/// takes no time, to ask getent(1) takes a process for each question.
/// </summary>
/// <param name="root">Where <c>/etc</c> is.</param>
sealed class LocalAccounts(string root = "")
{
    readonly ILookup<string, string[]> _sources = Lines($"{root}/etc/nsswitch.conf").Select(l => l.Split('#')[0].Split(':', 2))
        .Where(f => f.Length == 2).ToLookup(f => f[0].Trim(), f => f[1].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    readonly Lazy<IReadOnlyList<string[]>> _accounts = new(() => Entries($"{root}/etc/passwd", fields: 7, numbers: 2));
    readonly Lazy<IReadOnlyList<string[]>> _groups = new(() => Entries($"{root}/etc/group", fields: 4, numbers: 1));

    /// <summary>An account's line; null when the files do not know it, or others are asked before them.</summary>
    /// <param name="nameOrUid">Digits are a number, as for getent.</param>
    public string? Account(string nameOrUid)
    {
        var field = nameOrUid.All(char.IsAsciiDigit) ? 2 : 0;
        return nameOrUid.Length == 0 || !ComeFirst("passwd") ? null
            : _accounts.Value.FirstOrDefault(f => f[field] == nameOrUid) is { } fields ? string.Join(':', fields) : null;
    }

    /// <summary>A group's name; null when the files do not know it, or others are asked before them.</summary>
    public string? GroupName(int gid) => !ComeFirst("group") ? null
        : _groups.Value.FirstOrDefault(f => f[2] == unchecked((uint)gid).ToString(CultureInfo.InvariantCulture))?[0];

    /// <summary>The supplementary groups of an account; null when others may know more of them.</summary>
    public IReadOnlyList<int>? GroupsOf(string name) => !AreAlone(_sources.Contains("initgroups") ? "initgroups" : "group") ? null
        : [.. _groups.Value.Where(f => f[3].Split(',').Contains(name)).Select(f => unchecked((int)uint.Parse(f[2], CultureInfo.InvariantCulture)))];

    // Whoever is found by the first is not looked for any more, unless [SUCCESS=...] says so.
    bool ComeFirst(string database) => Sources(database) is ["files", ..] and not [_, ['[', ..], ..];

    // Where systemd's own accounts are served, they may be members of groups, too.
    bool AreAlone(string database) => Sources(database).All(s => s == "files" || (s == "systemd" && !Directory.Exists($"{root}/run/systemd/userdb")));

    string[] Sources(string database) => _sources[database].FirstOrDefault() ?? ["files"];

    // A line that has no number where one belongs is no entry for the C library either.
    static List<string[]> Entries(string file, int fields, int numbers) => [.. Lines(file).Select(l => l.Split(':'))
        .Where(f => f.Length == fields && f[0] is [not ('+' or '-' or '#'), ..]
            && f.Skip(2).Take(numbers).All(n => uint.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out _)))];

    static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
