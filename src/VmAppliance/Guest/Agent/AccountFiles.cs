using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Makes the owner's account known in the machine: passwd(5), shadow(5), group(5). Whoever had its name or number before is gone.</summary>
static class AccountFiles
{
    const int WorldReadable = 0x1A4, RootOnly = 0x180; // 0644, 0600
    const int Largest = 64 << 20;

    static readonly (string Path, int Mode) s_group = ("/etc/group", WorldReadable), s_passwd = ("/etc/passwd", WorldReadable), s_shadow = ("/etc/shadow", RootOnly);

    /// <summary>The three files as they are now.</summary>
    public static KeptFiles Keep() => new(s_group, s_passwd, s_shadow);

    /// <summary>Writes the three files of the running system.</summary>
    public static void Write(GuestAccount account)
    {
        var known = account with { Shell = Executable(account.Shell) ? account.Shell : "/bin/sh" };
        Replace(s_group, lines => Groups(lines, known));
        Replace(s_passwd, lines => Accounts(lines, known));
        Replace(s_shadow, lines => Shadow(lines, known.Name));
    }

    /// <summary>passwd(5) with the account in it.</summary>
    public static IEnumerable<string> Accounts(IEnumerable<string> lines, GuestAccount account) =>
        lines.Where(l => Field(l, 0) != account.Name && Field(l, 2) != $"{(uint)account.Uid}")
            .Append($"{account.Name}:x:{(uint)account.Uid}:{(uint)account.Gid}::{account.Home}:{account.Shell}");

    /// <summary>shadow(5) with no password that could ever match; '!' would be taken for a locked account by sshd.</summary>
    public static IEnumerable<string> Shadow(IEnumerable<string> lines, string name) =>
        lines.Where(l => Field(l, 0) != name).Append($"{name}:*:19000:0:99999:7:::");

    /// <summary>group(5) with the account in each of its groups and in no other.</summary>
    public static IEnumerable<string> Groups(IEnumerable<string> lines, GuestAccount account)
    {
        var others = lines.Where(l => !account.Groups.Any(g => Field(l, 0) == g.Name || Field(l, 2) == $"{(uint)g.Gid}")).Select(l => Without(l, account.Name));
        return others.Concat(account.Groups.Select(g => $"{g.Name}:x:{(uint)g.Gid}:{account.Name}"));
    }

    static string Without(string line, string name)
    {
        var fields = line.Split(':');
        if (fields.Length < 4)
            return line;
        fields[3] = string.Join(',', fields[3].Split(',').Where(member => member != name));
        return string.Join(':', fields);
    }

    static string Field(string line, int number) => line.Split(':') is var fields && fields.Length > number ? fields[number] : "";

    static bool Executable(string shell) => shell.StartsWith('/') && File.Exists(shell)
        && Path.GetFileName(shell) is not ("nologin" or "false" or "true" or "sync");

    static void Replace((string Path, int Mode) file, Func<IEnumerable<string>, IEnumerable<string>> change)
    {
        var lines = Files.Facts(file.Path) is null ? [] : Encoding.UTF8.GetString(Files.ReadNoFollow(file.Path, Largest, out _)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Files.WriteOver(file.Path, Encoding.UTF8.GetBytes(string.Concat(change(lines).Select(l => l + "\n"))), file.Mode);
    }
}
