using System.Globalization;
using System.Net;
using System.Net.Sockets;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>The node's side of a machine's network card; nothing of it outlives QEMU.</summary>
sealed class QemuNetwork
{
    const int SshPort = 22;

    QemuNetwork(IReadOnlyList<string> arguments, string? address, int port) => (Arguments, Address, Port) = (arguments, address, port);

    /// <summary>QEMU's <c>-netdev</c>, with the id <c>net</c>.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>The node's address that leads to the machine's sshd; null when the machine has an address of its own.</summary>
    public string? Address { get; }

    /// <summary>The port of that address.</summary>
    public int Port { get; }

    /// <summary>Prepares the back end.</summary>
    /// <exception cref="ApplianceException">There is no such bridge, or no tap device can be made.</exception>
    public static QemuNetwork Prepare(MachineNetwork network, HandedOver files) =>
        network.Bridge is null ? UserMode(network) : Tap(network.Bridge, files);

    /// <summary>Whether QEMU's complaint says that somebody else had the port: it was free when it was chosen.</summary>
    public bool IsPortTaken(string complaint) => Address is not null && complaint.Contains("Could not set up host forwarding rule", StringComparison.Ordinal);

    static QemuNetwork UserMode(MachineNetwork network)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        return new QemuNetwork(["-netdev", string.Create(CultureInfo.InvariantCulture,
            $"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:{SshPort}{(network.Restrict ? ",restrict=on" : "")}")], "127.0.0.1", port);
    }

    static QemuNetwork Tap(string bridge, HandedOver files)
    {
        var tap = TapDevice.Create(out var name);
        var number = files.Add(tap);
        var result = CommandRunner.Run(["ip", "link", "set", "dev", name, "master", bridge, "up"]);
        return result.Status == 0 ? new QemuNetwork(["-netdev", $"tap,id=net,fd={number}"], null, SshPort) : throw new ApplianceException(
            Blame.Node, "join bridge", bridge, result.LastError, $"make it, with an address of the slots' subnet: ip link add {bridge} type bridge");
    }
}
