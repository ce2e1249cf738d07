using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

sealed class SubnetTests
{
    [Test]
    [Arguments("192.168.77.0/24", 10, "192.168.77.10")]
    [Arguments("192.168.77.0/24", 254, "192.168.77.254")]
    [Arguments("10.0.0.0/8", 300, "10.0.1.44")]
    [Arguments("192.168.77.128/25", 126, "192.168.77.254")]
    [Arguments("192.168.77.0/24", 255, null)]
    [Arguments("192.168.77.0/29", 10, null)]
    [Arguments("192.168.77.0/30", 2, "192.168.77.2")]
    [Arguments("192.168.77.0/30", 3, null)]
    [Arguments("255.255.255.252/30", 2, "255.255.255.254")]
    public async Task A_host_has_its_number_in_the_network_and_never_the_broadcast_address(string text, int number, string? address) =>
        await Assert.That(Subnet.Parse(text)?.Address(number)?.ToString()).IsEqualTo(address);

    [Test]
    [Arguments("192.168.77.0/24")]
    [Arguments("10.0.0.0/8")]
    [Arguments("128.0.0.0/1")]
    public async Task A_network_is_printed_as_it_was_written(string text) =>
        await Assert.That(Subnet.Parse(text)!.ToString()).IsEqualTo(text);

    [Test]
    [Arguments("")]
    [Arguments("192.168.77.0")]
    [Arguments("192.168.77.0/")]
    [Arguments("192.168.77.0/0")]
    [Arguments("192.168.77.0/31")]
    [Arguments("192.168.77.0/33")]
    [Arguments("192.168.77.0/-1")]
    [Arguments("192.168.77.0/+24")]
    [Arguments("192.168.77.0/24/24")]
    [Arguments("192.168.77.256/24")]
    [Arguments("fd00::/8")]
    [Arguments("bridge/24")]
    public async Task What_is_no_network_is_refused(string text) =>
        await Assert.That(Subnet.Parse(text)).IsNull();

    [Test]
    [Arguments("192.168.77.5/24")]
    [Arguments("10.0.2.15/8")]
    public async Task An_address_with_bits_outside_of_the_prefix_is_no_network(string text) =>
        await Assert.That(Subnet.Parse(text)).IsNull();

    [Test]
    [Arguments("10/8")]
    [Arguments("0x0a000000/8")]
    [Arguments("167772160/8")]
    [Arguments("10.0/8")]
    public async Task Only_four_decimal_bytes_are_an_address(string text) =>
        await Assert.That(Subnet.Parse(text)).IsNull();

    [Test]
    [Arguments("192.168.77.0/24", 245)]
    [Arguments("192.168.77.128/25", 117)]
    [Arguments("192.168.76.0/23", 501)]
    [Arguments("10.0.0.0/8", 16_777_205)]
    [Arguments("192.168.77.16/28", 5)]
    [Arguments("192.168.77.8/29", 0)]
    [Arguments("192.168.77.4/30", 0)]
    public async Task Machines_are_as_many_as_there_are_addresses_for(string text, int machines)
    {
        var subnet = Subnet.Parse(text)!;
        await Assert.That(subnet.Machines).IsEqualTo(machines);
        await Assert.That((subnet.Address(Subnet.FirstMachine + machines - 1) is null, subnet.Address(Subnet.FirstMachine + machines))).IsEqualTo((machines == 0, null));
    }
}
