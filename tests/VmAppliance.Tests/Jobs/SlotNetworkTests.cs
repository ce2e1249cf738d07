using System.Text.RegularExpressions;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed partial class SlotNetworkTests
{
    static NetworkSettings Settings(NetworkKind kind = NetworkKind.Tap, string subnet = "192.168.77.0/24", params string[] servers) =>
        new(kind, true, "vmabr0", "52:54:AB", Subnet.Parse(subnet)!, "192.168.77.1", servers);

    [GeneratedRegex("^52:54:ab(:[0-9a-f]{2}){3}$")]
    private static partial Regex Mac { get; }

    [Test]
    public async Task No_two_slots_share_a_MAC_or_an_address()
    {
        var slots = Enumerable.Range(0, 200).Select(s => new SlotNetwork(Settings(), s)).ToList();
        await Assert.That(slots.Select(s => s.Mac).Distinct().Count()).IsEqualTo(200);
        await Assert.That(slots.Select(s => s.Address).Distinct().Count()).IsEqualTo(200);
        await Assert.That(slots.Where(s => !Mac.IsMatch(s.Mac))).IsEmpty();
        await Assert.That((slots[0].Address, slots[199].Address)).IsEqualTo(("192.168.77.10", "192.168.77.209"));
    }

    [Test]
    public async Task Slots_beyond_one_byte_have_MACs_and_addresses_too()
    {
        var slots = Enumerable.Range(0, 1024).Select(s => new SlotNetwork(Settings(subnet: "10.8.0.0/21"), s)).ToList();
        await Assert.That(slots.Where(s => !Mac.IsMatch(s.Mac))).IsEmpty();
        await Assert.That((slots.Select(s => s.Mac).Distinct().Count(), slots.Select(s => s.Address).Distinct().Count())).IsEqualTo((1024, 1024));
        await Assert.That((slots[245].Address, slots[246].Address, slots[1023].Address)).IsEqualTo(("10.8.0.255", "10.8.1.0", "10.8.4.9"));
        // User-mode networks are all alike: as many as there are slots.
        await Assert.That(new SlotNetwork(Settings(NetworkKind.User), 1023).Mac).IsEqualTo(new SlotNetwork(Settings(NetworkKind.User), 0).Mac);
    }

    [Test]
    public async Task A_slot_has_the_same_MAC_every_time() => await Assert.That(new SlotNetwork(Settings(), 5).Mac).IsEqualTo(new SlotNetwork(Settings(), 5).Mac);

    [Test]
    public async Task A_machine_on_a_bridge_has_its_own_address()
    {
        var network = new SlotNetwork(Settings(servers: "192.168.77.2"), 3);
        await Assert.That(network.Card).IsEqualTo(new MachineNetwork(network.Mac, "vmabr0", true));
        await Assert.That((network.Guest.Mac, network.Guest.Address, network.Guest.Gateway)).IsEqualTo((network.Mac, "192.168.77.13/24", "192.168.77.1"));
        await Assert.That(network.Guest.NameServers.Single()).IsEqualTo("192.168.77.2");
    }

    [Test]
    public async Task A_machine_in_the_user_mode_network_has_what_qemu_gives()
    {
        var network = new SlotNetwork(Settings(NetworkKind.User), 3);
        await Assert.That(network.Card).IsEqualTo(new MachineNetwork(network.Mac, null, true));
        await Assert.That((network.Guest.Address, network.Guest.Gateway, network.Guest.NameServers.Single())).IsEqualTo(("10.0.2.15/24", "10.0.2.2", "10.0.2.3"));
        await Assert.That(new SlotNetwork(Settings(NetworkKind.User, servers: "9.9.9.9"), 0).Guest.NameServers.Single()).IsEqualTo("9.9.9.9");
    }

    [Test]
    public async Task A_network_without_room_is_a_failure_with_a_hint()
    {
        var failure = Assert.Throws<ApplianceException>(() => _ = new SlotNetwork(Settings(subnet: "192.168.77.0/28"), 5).Address);
        await Assert.That((failure.Message, failure.Hint)).IsEqualTo(
            ("choose address, slot 5: 192.168.77.0/28 has no room for it", "make [network] subnet larger or [slots] count smaller"));
        await Assert.That(new SlotNetwork(Settings(subnet: "192.168.77.0/28"), 4).Address).IsEqualTo("192.168.77.14");
    }
}
