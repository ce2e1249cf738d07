using System.Net;
using System.Net.Sockets;
using System.Text;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Listens on the ssh port and gives each connection to an <c>sshd -i</c> of its own. So the machine answers from the moment that this
/// returns, with nothing to be polled for, and a machine resumed from a template needs no sshd restarted.
/// </summary>
static class SshServer
{
    const int Port = 22;
    const string Home = "/run/vmappliance", Configuration = $"{Home}/sshd_config", HostKey = $"{Home}/host_key", Keys = $"{Home}/authorized_keys";
    const string Daemon = "/usr/sbin/sshd";

    static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);
    static readonly object s_lock = new();

    static TcpListener? s_listener;
    static int s_connections;

    /// <summary>Writes sshd's files for an identity and begins to listen; a second identity only replaces the files.</summary>
    public static void Start(Identity identity)
    {
        // sshd insists on its own empty directory, and on this mode.
        Directory.CreateDirectory("/run/sshd", (UnixFileMode)0x1ED /* 0755 */);
        Directory.CreateDirectory(Home, (UnixFileMode)0x1ED);
        Files.Replace(HostKey, Encoding.ASCII.GetBytes(identity.HostKey), 0x180 /* 0600 */);
        Files.Replace(Keys, Encoding.ASCII.GetBytes(identity.AuthorizedKey + "\n"), 0x1A4 /* 0644 */);
        Files.Replace(Configuration, Encoding.ASCII.GetBytes(Settings(identity.Account.Name)), 0x180);
        if (s_listener is not null)
            return;
        s_listener = new TcpListener(IPAddress.Any, Port);
        s_listener.Start();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    /// <summary>
    /// Waits until nobody is connected, and forgets by whose keys it served: it listens on, but has nothing to prove itself by until there is
    /// another identity.
    /// </summary>
    /// <exception cref="IOException">Somebody stays connected.</exception>
    public static void Forget()
    {
        var deadline = Deadline.In(EndPatience);
        lock (s_lock)
            while (s_connections > 0)
                if (!Monitor.Wait(s_lock, deadline.Milliseconds))
                    throw new IOException($"after {EndPatience.TotalSeconds:0} s, {s_connections} sshd of the rehearsal are still there");
        foreach (var file in new[] { HostKey, Keys, Configuration })
            File.Delete(file);
    }

    /// <summary>sshd_config(5): the owner, by the lease's key, to run commands; nothing else.</summary>
    public static string Settings(string user) => string.Join('\n',
        $"HostKey {HostKey}", $"AuthorizedKeysFile {Keys}", $"AllowUsers {user}",
        "PasswordAuthentication no", "ChallengeResponseAuthentication no", "PermitRootLogin no", "PermitUserEnvironment no", "PermitUserRC no",
        "AllowTcpForwarding no", "AllowAgentForwarding no", "X11Forwarding no", "PermitTunnel no", "UseDNS no",
        "PrintMotd no", "PrintLastLog no", "LogLevel ERROR", "");

    static void Serve()
    {
        while (true)
            try
            {
                var connection = s_listener!.AcceptSocket();
                new Thread(() => Guarded(connection)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is SocketException or OutOfMemoryException)
            {
                // A job can use up its machine; the agent must outlast that.
            }
    }

    static void Guarded(Socket connection)
    {
        Count(1);
        try
        {
            Handle(connection);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            GuestKernel.Say($"serve ssh: {e.Message}");
        }
        finally
        {
            Count(-1);
        }
    }

    static void Count(int change)
    {
        lock (s_lock)
        {
            s_connections += change;
            Monitor.PulseAll(s_lock);
        }
    }

    static void Handle(Socket connection)
    {
        using (connection)
        {
            connection.NoDelay = true;
            using var console = Descriptor.Open("/dev/console", OpenMode.Write | OpenMode.NoTerminal);
            var socket = Descriptor.Of(connection);
            string[] argv = [Daemon, "-i", "-e", "-f", Configuration];
            var pid = Spawn.Start(Daemon, [.. argv.Select(Encoding.ASCII.GetBytes)], CommandRunner.CleanEnvironment, [socket, socket, console.Number]);
            ProcessHandle.Reap(pid);
        }
    }
}
