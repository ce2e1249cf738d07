using System.Text;
using VmAppliance.Linux;
using static VmAppliance.Guest.Agent.AccountTable;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Makes the owner's account known in the machine: passwd(5), shadow(5), group(5). It stands before all others, so that its name and number
/// are the owner's whoever else has them. The image's own accounts stay behind it: its services look for them by name (sshd, dbus-daemon)
/// and do not start without.
/// </summary>
static class AccountFiles
{
    const int WorldReadable = 0x1A4, RootOnly = 0x180; // 0644, 0600
    const int Largest = 64 << 20;

    // Beyond all that anybody gives to users, containers and services: systemd's table of uids ends there, "Users, Groups, UIDs and GIDs".
    const int SessionUid = 0x7FFF_FFF0;

    static readonly (string Path, int Mode) s_group = ("/etc/group", WorldReadable), s_passwd = ("/etc/passwd", WorldReadable), s_shadow = ("/etc/shadow", RootOnly);

    /// <summary>The three files as they are now.</summary>
    public static KeptFiles Keep() => new(s_group, s_passwd, s_shadow);

    /// <summary>Writes the three files of the running system.</summary>
    public static void Write(GuestAccount account)
    {
        var known = account with { Shell = Executable(account.Shell) ? account.Shell : "/bin/sh" };
        Files.WriteOver(s_group.Path, Groups(Read(s_group.Path), known), s_group.Mode);
        Files.WriteOver(s_passwd.Path, Accounts(Read(s_passwd.Path), known), s_passwd.Mode);
        Files.WriteOver(s_shadow.Path, Shadow(Read(s_shadow.Path), known.Name), s_shadow.Mode);
    }

    /// <summary>The user id of sessions in an owner's machine; it is never the owner's.</summary>
    public static int SessionUidBeside(GuestAccount owner) => owner.Uid == SessionUid ? SessionUid + 1 : SessionUid;

    /// <summary>passwd(5) with the account in it, and that of sessions, whose shell is this program; only lines that are these very accounts go.</summary>
    public static byte[] Accounts(ReadOnlySpan<byte> table, GuestAccount account)
    {
        var (name, number, session, uid) = (Bytes(account.Name), Number(account.Uid), Bytes(GuestAccess.SessionUser), SessionUidBeside(account));
        return Rewrite(table, line => (Has(line, 0, name) && Has(line, 2, number)) || Has(line, 0, session) ? [] : line,
            Bytes($"{account.Name}:x:{(uint)account.Uid}:{(uint)account.Gid}::{account.Home}:{account.Shell}\n"
                + $"{GuestAccess.SessionUser}:*:{uid}:{uid}::/:{GuestSession.Agent}\n"));
    }

    /// <summary>shadow(5) with no password that could ever match; '!' would be taken for a locked account by sshd.</summary>
    public static byte[] Shadow(ReadOnlySpan<byte> table, string name)
    {
        var bytes = Bytes(name);
        return Rewrite(table, line => Has(line, 0, bytes) ? [] : line, Bytes($"{name}:*:19000:0:99999:7:::\n"));
    }

    /// <summary>group(5) with the account in each of its groups and in no other; whoever else is in one of them stays in it.</summary>
    public static byte[] Groups(ReadOnlySpan<byte> table, GuestAccount account)
    {
        var name = Bytes(account.Name);
        var (groups, own) = (new List<(byte[] Name, byte[] Number)>(), "");
        foreach (var group in account.Groups)
        {
            groups.Add((Bytes(group.Name), Number(group.Gid)));
            own += $"{group.Name}:x:{(uint)group.Gid}:{account.Name}\n";
        }
        return Rewrite(table, line => Without(line, name) is var rest && rest.EndsWith(":"u8) && IsOneOf(rest, groups) ? [] : rest, Bytes(own));
    }

    static bool IsOneOf(ReadOnlySpan<byte> line, List<(byte[] Name, byte[] Number)> groups)
    {
        foreach (var (name, number) in groups)
            if (Has(line, 0, name) && Has(line, 2, number))
                return true;
        return false;
    }

    static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> line, byte[] member)
    {
        if (line.IndexOf(member) < 0)
            return line;
        // In this encoding each byte is a character, and comes out again as it was.
        var (fields, name) = (Encoding.Latin1.GetString(line).Split(':'), Encoding.Latin1.GetString(member));
        if (fields.Length < 4)
            return line;
        fields[3] = string.Join(',', fields[3].Split(',').Where(m => m != name));
        return Encoding.Latin1.GetBytes(string.Join(':', fields));
    }

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    static byte[] Number(int id) => Bytes($"{(uint)id}");

    static bool Executable(string shell) => shell.StartsWith('/') && File.Exists(shell)
        && Path.GetFileName(shell) is not ("nologin" or "false" or "true" or "sync");

    static byte[] Read(string path) => Files.Facts(path) is null ? [] : Files.ReadNoFollow(path, Largest, out _);
}
