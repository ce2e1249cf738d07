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

    // Threads that wait before anybody has come: to make one is a good part of what it takes to start a job.
    const int Attendants = 2;

    static Socket? s_door;
    static int s_waiting;

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
        for (var i = 0; i < Attendants; i++)
            if (!AddAttendant())
                throw new IOException("nobody can attend to sessions: there is no thread left");
        OtherUser.Prepare();
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

    // One that waits already when it starts: it may have been knocked for before its maker goes on.
    static bool AddAttendant()
    {
        Interlocked.Increment(ref s_waiting);
        try
        {
            new Thread(Attend) { IsBackground = true }.Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            Interlocked.Decrement(ref s_waiting);
            return false;
        }
    }

    // Nobody is served unless somebody else waits: a session that is turned away starts its job itself.
    static void Attend()
    {
        do
        {
            using var session = Next();
            if ((Interlocked.Decrement(ref s_waiting) > 0 || AddAttendant()) && session is not null)
                Guarded(session);
        }
        while (Interlocked.Increment(ref s_waiting) <= Attendants);
        Interlocked.Decrement(ref s_waiting);
    }

    static Descriptor? Next()
    {
        try
        {
            return Descriptor.Accept(s_door!);
        }
        catch (Exception e) when (e is LinuxException or OutOfMemoryException)
        {
            // A job can use up its machine; the agent must outlast that.
            return null;
        }
    }

    static void Guarded(Descriptor session)
    {
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

    static void Serve(Descriptor session)
    {
        var peer = PassedStreams.PeerOf(session);
        using var streams = PassedStreams.Receive(session);
        // By now it might be another process that has the number.
        if (streams is null || ProcessRights.Of(peer.Pid) is not { } rights || rights.Uid != peer.Uid || !SshServer.IsSession(rights))
            return;
        session.WriteAll([0]);
        // The kernel tells one group by the socket, and that one only.
        var launcher = new JobLauncher(streams, peer.Pid, new OtherUser(peer.Uid, peer.Gid, rights.Groups));
        lock (s_launchers)
            s_launchers.Add(peer.Pid, launcher);
        try
        {
            session.WriteAll([(byte)launcher.Run()]);
        }
        finally
        {
            lock (s_launchers)
                s_launchers.Remove(peer.Pid);
            OtherUser.Prepare();
        }
    }
}
