using System.Globalization;
using System.Text;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;

namespace VmAppliance.Jobs;

/// <summary>The MAC and the address that go with a slot.</summary>
sealed class SlotNetwork(NetworkSettings settings, int slot)
{
    // What QEMU's user-mode network gives to its one guest: qemu(1), -netdev user.
    const string UserAddress = "10.0.2.15", UserGateway = "10.0.2.2", UserNameServer = "10.0.2.3";

    /// <summary>Unlike any other slot's, on this node and (by the node's name) on the others of its network; where a machine has a network of its own, the same for all slots.</summary>
    public string Mac { get; } = MacOf(settings.MacPrefix, settings.Kind == NetworkKind.User ? 0 : slot);

    /// <summary>The machine's own address.</summary>
    public string Address => settings.Kind == NetworkKind.User ? UserAddress : (settings.Subnet.Address(Subnet.FirstMachine + slot)
        ?? throw new ApplianceException(Blame.Node, "choose address", $"slot {slot}", $"{settings.Subnet} has no room for it",
            "make [network] subnet larger or [slots] count smaller")).ToString();

    /// <summary>The hypervisor's part.</summary>
    public MachineNetwork Card => new(Mac, settings.Kind == NetworkKind.Tap ? settings.Bridge : null, settings.Restrict);

    /// <summary>The guest's part.</summary>
    public GuestNetwork Guest => settings.Kind == NetworkKind.User
        ? new GuestNetwork(Mac, $"{Address}/24", UserGateway, settings.NameServers.Count > 0 ? settings.NameServers : [UserNameServer], IsPrivate: true)
        : new GuestNetwork(Mac, $"{Address}/{settings.Subnet.Prefix}", settings.Gateway, settings.NameServers);

    // The last byte is the slot's, two are the node's; slots beyond the last byte count on in the node's.
    static string MacOf(string prefix, int slot)
    {
        var node = Sha256.Of(Encoding.UTF8.GetBytes(Environment.MachineName));
        var number = ((node[0] << 16) + (node[1] << 8) + slot) & 0xFFFFFF;
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}:{number >> 16:x2}:{(number >> 8) & 0xFF:x2}:{number & 0xFF:x2}").ToLowerInvariant();
    }
}
