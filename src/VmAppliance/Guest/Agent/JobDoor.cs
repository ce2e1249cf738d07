using System.Globalization;
using System.Net.Sockets;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Where an ssh session hands its job to the agent, which starts it, as the session's user. What comes from anywhere else than from a session
/// of the agent's own sshd is refused: a job that has locked a part of itself into a sandbox must not be let out of it here.
/// </summary>
static class JobDoor
{
    const string Path = "/run/vmappliance/door"; // Linux/handover.c knows it, too
    const UnixFileMode AllMayKnock = (UnixFileMode)0x1B6; // 0666

    static readonly Dictionary<int, JobLauncher> s_launchers = [];

    static Socket? s_door;

    /// <summary>Opens it, once.</summary>
    public static void Open()
    {
        if (s_door is not null)
            return;
        File.Delete(Path);
        s_door = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        s_door.Bind(new UnixDomainSocketEndPoint(Path));
        s_door.Listen();
        File.SetUnixFileMode(Path, AllMayKnock);
        new Thread(Attend) { IsBackground = true }.Start();
    }

    /// <summary>Signals a job that came in here.</summary>
    /// <returns>Whether it did.</returns>
    public static bool Signal(JobSignal signal)
    {
        lock (s_launchers)
            if (!s_launchers.TryGetValue(signal.Launcher, out var launcher))
                return false;
            else
                launcher.Signal(signal.Number);
        return true;
    }

    static void Attend()
    {
        while (true)
            try
            {
                var session = s_door!.Accept();
                new Thread(() => Guarded(session)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is SocketException or OutOfMemoryException)
            {
                // A job can use up its machine; the agent must outlast that.
            }
    }

    static void Guarded(Socket session)
    {
        using (session)
            try
            {
                Serve(session);
            }
#pragma warning disable CA1031 // Whoever comes in here can say anything: the agent must outlast that.
            catch (Exception e)
#pragma warning restore CA1031
            {
                GuestKernel.Say($"serve job: {e.Message}");
            }
    }

    static void Serve(Socket session)
    {
        var peer = PassedStreams.PeerOf(session);
        using var streams = PassedStreams.Receive(session);
        if (streams is null || !SshServer.IsSession(peer.Pid) || UserOf(peer) is not { } user)
            return;
        session.Send([0]);
        var launcher = new JobLauncher(streams, peer.Pid, user);
        lock (s_launchers)
            s_launchers.Add(peer.Pid, launcher);
        try
        {
            session.Send([(byte)launcher.Run()]);
        }
        finally
        {
            lock (s_launchers)
                s_launchers.Remove(peer.Pid);
        }
    }

    // The kernel tells one group by the socket. The others are in proc(5), where by now it might be another process that has the number.
    static OtherUser? UserOf(Peer peer)
    {
        var lines = File.ReadAllLines($"/proc/{peer.Pid}/status");
        return Numbers(lines, "Uid:") is [var uid, ..] && uid == peer.Uid ? new OtherUser(uid, peer.Gid, Numbers(lines, "Groups:")) : null;
    }

    static int[] Numbers(string[] lines, string name) => [.. lines.First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..]
        .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(n => (int)uint.Parse(n, CultureInfo.InvariantCulture))];
}
