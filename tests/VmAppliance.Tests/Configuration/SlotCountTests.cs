using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

/// <summary>How many machines there can be is a matter of their network, too.</summary>
sealed class SlotCountTests
{
    static IReadOnlyList<string> Problems(string text)
    {
        SettingsReader.Read(text, out var problems, out _);
        return problems;
    }

    // A node of 256 threads has more cores than a /24 has addresses.
    [Test]
    [Arguments(8, 245, 8)]
    [Arguments(256, 245, 245)]
    [Arguments(2048, 1_000_000, 1024)]
    [Arguments(4, 0, 1)]
    public async Task A_node_has_as_many_slots_as_cores_but_no_more_than_its_network_has_addresses(int cores, int room, int slots) =>
        await Assert.That(SettingsReader.UsualSlots(cores, room)).IsEqualTo(slots);

    [Test]
    [Arguments("192.168.77.0/28", 6, "[slots] count: each of 6 machines needs an address of its own, and [network] subnet 192.168.77.0/28 has room for 5")]
    [Arguments("192.168.77.0/24", 246, "[slots] count: each of 246 machines needs an address of its own, and [network] subnet 192.168.77.0/24 has room for 245")]
    [Arguments("192.168.77.0/29", 1, "[network] subnet: has no room for a machine: the first one's address is number 10")]
    [Arguments("192.168.77.0/28", 5, "")]
    [Arguments("192.168.76.0/23", 501, "")]
    public async Task Slots_without_an_address_are_complained_of_where_machines_have_their_own(string subnet, int count, string problem)
    {
        await Assert.That(string.Join('\n', Problems($"[slots]\ncount = {count}\n[network]\nkind = tap\nsubnet = {subnet}\n"))).IsEqualTo(problem);
        await Assert.That(Problems($"[slots]\ncount = {count}\n[network]\nsubnet = {subnet}\n")).IsEmpty();
    }
}
