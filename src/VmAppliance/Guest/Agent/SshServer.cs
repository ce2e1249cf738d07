using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Lets the owner in by the lease's key, and nobody else. In a machine that will be frozen, sshd has gone all of its way up to its host
/// key, and waits there: what is resumed needs no more than that key.
/// </summary>
static class SshServer
{
    const string Home = "/run/vmappliance", Configuration = $"{Home}/sshd_config", HostKey = $"{Home}/host_key", Keys = $"{Home}/keys", Listening = $"{Home}/sshd.pid";
    const UnixFileMode AllMayEnter = (UnixFileMode)0x1ED; // 0755

    // Who knocks and says nothing costs the machine 2 MiB, and on a node without taps everybody there can knock. Whoever is turned away comes again.
    const int MostKnocks = 32;

    static SshDaemon? s_daemon;
    static Descriptor? s_gate;

    /// <summary>Serves an identity; nobody is served by what was before it.</summary>
    /// <exception cref="IOException">sshd ended, or a file cannot be written.</exception>
    public static void Start(Identity identity)
    {
        if (s_gate is null)
        {
            Forget();
            Lay();
        }
        Files.Replace($"{Keys}/{GuestAccess.SessionUser}", Encoding.ASCII.GetBytes(identity.AuthorizedKey + "\n"), 0x1A4 /* 0644 */);
        var key = Encoding.ASCII.GetBytes(identity.HostKey);
        // sshd, which waits at the pipe that this replaces, will open the same name once more for the key's public half.
        Files.Replace(HostKey, key, 0x180 /* 0600 */);
        s_daemon ??= Begin(waits: false);
        s_gate?.WriteAll(key);
        s_gate?.Dispose();
        s_gate = null;
        s_daemon.AwaitListening();
    }

    /// <summary>Ends all service, waits until nobody is connected, and forgets by whose keys it was.</summary>
    /// <exception cref="IOException">Somebody stays connected.</exception>
    public static void Forget()
    {
        s_daemon?.Stop();
        s_daemon = null;
        if (!Directory.Exists(Keys))
            return;
        Directory.Delete(Keys, recursive: true);
        File.Delete(HostKey);
    }

    /// <summary>Before the machine is frozen: has sshd go as far as it can without an identity.</summary>
    /// <exception cref="IOException">sshd ended, or a file cannot be written.</exception>
    public static void Prepare()
    {
        if (!SshDaemon.MayBeMultiplied(SshDaemon.AskVersion()))
            return;
        Lay();
        s_daemon = Begin(waits: true);
        s_gate = s_daemon.AwaitKeyWanted();
    }

    /// <summary>sshd_config(5): whoever has a key, which is the owner, to run commands; nothing else.</summary>
    public static string Settings() => string.Join('\n',
        $"HostKey {HostKey}", $"AuthorizedKeysFile {Keys}/%u", $"PidFile {Listening}", "ListenAddress 0.0.0.0", $"AllowUsers {GuestAccess.SessionUser}", $"MaxStartups {MostKnocks}", "LoginGraceTime 30",
        "PasswordAuthentication no", "ChallengeResponseAuthentication no", "PermitRootLogin no", "PermitUserEnvironment no", "PermitUserRC no",
        "AllowTcpForwarding no", "AllowAgentForwarding no", "X11Forwarding no", "PermitTunnel no", "UseDNS no",
        "PrintMotd no", "PrintLastLog no", "LogLevel ERROR", "");

    static SshDaemon Begin(bool waits) => SshDaemon.Start(Configuration, Listening, HostKey, waits, line => GuestKernel.Say($"sshd: {line}"));

    static void Lay()
    {
        // sshd insists on its own empty directory, and on this mode.
        foreach (var directory in new[] { "/run/sshd", Home, Keys })
            Directory.CreateDirectory(directory, AllMayEnter);
        // An image may have been put together while nobody should log in: sshd would heed that, nologin(5). Here nobody does; a job comes.
        File.Delete("/etc/nologin");
        Files.Replace(Configuration, Encoding.ASCII.GetBytes(Settings()), 0x180);
    }
}
