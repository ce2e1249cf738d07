using System.Net.Sockets;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Where an ssh session hands its job to the agent, which starts it as the machine's owner. Sessions have an account of their own: who knocks
/// with another one is refused, since a job that has locked a part of itself into a sandbox must not be let out of it here; and no job
/// can signal what serves its session.
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
    static volatile GuestAccount? s_owner;

    /// <summary>Opens it, if it is not open, for an owner's jobs.</summary>
    public static void Open(GuestAccount owner)
    {
        s_owner = owner;
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

    /// <summary>Signals a job that came in here; one that is gone is no error.</summary>
    public static void Signal(JobSignal signal)
    {
        lock (s_launchers)
            if (s_launchers.TryGetValue(signal.Launcher, out var launcher))
                launcher.Signal(signal.Number);
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

    // Nobody is served unless somebody else waits.
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

    // Who has no business here is turned away by who waits, and costs no thread.
    static Descriptor? Next()
    {
        try
        {
            while (true)
            {
                var session = Descriptor.Accept(s_door!);
                if (PassedStreams.PeerOf(session).Uid == AccountFiles.SessionUidBeside(s_owner!))
                    return session;
                session.Dispose();
            }
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
        var (peer, owner) = (PassedStreams.PeerOf(session), s_owner!);
        using var streams = PassedStreams.Receive(session);
        if (streams is null)
            return;
        streams.Give(owner.Uid, owner.Gid);
        session.WriteAll([0]);
        var launcher = new JobLauncher(streams, peer.Pid, new OtherUser(owner.Uid, owner.Gid, [.. owner.Groups.Select(g => g.Gid).Append(owner.Gid).Distinct()]));
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
