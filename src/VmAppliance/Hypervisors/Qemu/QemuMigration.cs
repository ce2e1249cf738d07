using System.Globalization;
using System.Net.Sockets;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>
/// A machine's state into a file, and out of it again: QEMU's migration, to nowhere and from nowhere. The memory is not in it: x-ignore-shared
/// leaves out what is a file that others can see.
/// </summary>
static class QemuMigration
{
    const string Capabilities = """{"capabilities":[{"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]}""";
    // Bytes per second: QEMU holds itself back to 32 MiB/s by default.
    const string Unhindered = """{"max-bandwidth":1099511627776}""";

    // A card that is up announces what it was when the machine was frozen, and what it is now nobody has to be told: who is there to hear it is new, too.
    const string Quiet = """{"announce-rounds":0}""";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Stops a machine and writes its state into a file.</summary>
    /// <param name="directory">The lease's directory.</param>
    /// <param name="process">QEMU: nobody else's word is taken, whatever account he has.</param>
    /// <param name="owner">Whose rights the machine has.</param>
    /// <param name="file">The file.</param>
    public static void Save(string directory, int process, MachineOwner owner, string file)
    {
        var (path, deadline) = ($"{directory}/state.sock", Deadline.In(Patience));
        using var listener = Listen(path, owner);
        using var monitor = QmpClient.Connect($"{directory}/{QemuCommand.MonitorSocket}", deadline);
        monitor.Execute("stop");
        monitor.Execute("migrate-set-capabilities", Capabilities);
        monitor.Execute("migrate-set-parameters", Unhindered);
        monitor.Execute("migrate", $$"""{"uri":"unix:{{path}}"}""");
        Receive(listener, process, file, deadline);
        monitor.AwaitMigration();
        File.Delete(path);
    }

    /// <summary>Resumes a machine that was started with <c>-incoming defer</c>.</summary>
    /// <param name="monitor">Its monitor.</param>
    /// <param name="state">The number of QEMU's descriptor of the state.</param>
    public static void Load(QmpClient monitor, int state)
    {
        monitor.Execute("migrate-set-capabilities", Capabilities);
        monitor.Execute("migrate-set-parameters", Quiet);
        monitor.Execute("migrate-incoming", string.Create(CultureInfo.InvariantCulture, $$"""{"uri":"fd:{{state}}"}"""));
        monitor.AwaitMigration();
        monitor.Execute("cont");
    }

    static Socket Listen(string path, MachineOwner owner)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        Files.Change(path, 0x180 /* 0600 */, owner.Uid, owner.Gid);
        return socket;
    }

    static void Receive(Socket listener, int process, string file, Deadline deadline)
    {
        Await(Descriptor.Of(listener), deadline);
        using var connection = listener.Accept();
        if (PeerOf(connection) != process)
            throw new ApplianceException(Blame.Node, "freeze machine", "its state", "somebody else offered one", "who else has the account that its machine ran as?");
        using var output = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[1 << 16];
        while (true)
        {
            Await(Descriptor.Of(connection), deadline);
            if (connection.Receive(buffer) is > 0 and var count)
                output.Write(buffer, 0, count);
            else
                return;
        }
    }

    // struct ucred of unix(7): pid, uid, gid.
    static int PeerOf(Socket connection)
    {
        const int SOL_SOCKET = 1, SO_PEERCRED = 17;
        var credentials = new byte[3 * sizeof(int)];
        connection.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, credentials);
        return BitConverter.ToInt32(credentials);
    }

    static void Await(int descriptor, Deadline deadline)
    {
        if (Poll.Readable(deadline, descriptor) < 0)
            throw new ApplianceException(Blame.Node, "freeze machine", "its state", $"QEMU did not write it within {Patience.TotalSeconds:0} s");
    }
}
