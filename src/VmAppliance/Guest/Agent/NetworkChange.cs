using System.Globalization;
using System.Net;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Takes a machine from the network it was in, if any, to the one an identity describes.</summary>
static class NetworkChange
{
    const string Resolvers = "/etc/resolv.conf";

    static Dictionary<string, string>? s_cards;
    static GuestNetwork? s_current;

    /// <summary>Connects it.</summary>
    /// <exception cref="IOException">There is no such card, or the kernel refuses.</exception>
    public static void Apply(GuestNetwork network)
    {
        if (!IsConnectedTo(network))
            Connect(network);
        s_current = network;
        if (network.NameServers.Count > 0)
            Files.WriteOver(Resolvers, Encoding.ASCII.GetBytes(string.Concat(network.NameServers.Select(s => $"nameserver {s}\n"))), 0x1A4 /* 0644 */);
    }

    /// <summary>
    /// Before the machine is frozen: takes it off a network in which there are others. One that is resumed announces its address at once, before
    /// it can be told that it has another one now: whoever has the old one, or looks for the new one, would be led astray.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void Leave()
    {
        if (s_current is { IsPrivate: true })
            return;
        foreach (var name in Cards().Keys)
        {
            using var card = new NetworkCard(name);
            card.TakeDown();
            card.DropAddress();
        }
        s_current = null;
    }

    static bool IsConnectedTo(GuestNetwork network) =>
        s_current is { } current && (current.Mac, current.Address, current.Gateway) == (network.Mac, network.Address, network.Gateway);

    // Down first: of what the frozen machine's card was, and whom it knew, nothing may stay.
    static void Connect(GuestNetwork network)
    {
        using (var loopback = new NetworkCard("lo"))
            loopback.BringUp();
        using var card = new NetworkCard(Device(network.Mac));
        card.TakeDown();
        card.SetMac(network.Mac);
        var (address, prefix) = (network.Address.Split('/')[0], network.Address.Split('/')[1]);
        card.SetAddress(IPAddress.Parse(address), int.Parse(prefix, CultureInfo.InvariantCulture));
        card.BringUp();
        if (network.Gateway is not null)
            card.SetGateway(IPAddress.Parse(network.Gateway));
    }

    static string Device(string mac)
    {
        var cards = s_cards ??= Cards();
        // A machine that was resumed has the card of the one that was frozen.
        return cards.Where(c => c.Value.Equals(mac, StringComparison.OrdinalIgnoreCase)).Select(c => c.Key).FirstOrDefault()
            ?? (cards.Count == 1 ? cards.Keys.Single() : null) ?? throw new IOException($"there is no network card with the address {mac} (there are: {string.Join(", ", cards.Select(c => $"{c.Key} {c.Value}"))})");
    }

    static Dictionary<string, string> Cards() => Directory.GetDirectories("/sys/class/net").Where(d => Directory.Exists($"{d}/device"))
        .ToDictionary(d => Path.GetFileName(d)!, d => File.ReadAllText($"{d}/address").Trim());
}
