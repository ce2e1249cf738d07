using System.Globalization;
using System.Net;

namespace VmAppliance.Configuration;

/// <summary>An IPv4 network in CIDR notation.</summary>
sealed record Subnet(IPAddress Network, int Prefix)
{
    /// <summary>The number in the network of the first address that is a machine's: those below are for gateways and servers.</summary>
    public const int FirstMachine = 10;

    /// <summary>How many machines can have an address of their own in it.</summary>
    public int Machines => (int)Math.Clamp((1L << (32 - Prefix)) - 1 - FirstMachine, 0, int.MaxValue);

    /// <summary>Reads e.g. <c>192.168.77.0/24</c>; null when it is none.</summary>
    public static Subnet? Parse(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2 && Ipv4(parts[0]) is { } address
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix is > 0 and <= 30
            && (Number(address) & (uint.MaxValue >> prefix)) == 0
            ? new Subnet(address, prefix) : null;
    }

    /// <summary>Reads four decimal bytes and nothing else; null when it is no such address.</summary>
    public static IPAddress? Ipv4(string text)
    {
        var bytes = text.Split('.').Select(part => byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var b) ? b : -1).ToList();
        return bytes.Count == 4 && !bytes.Contains(-1) ? new IPAddress(bytes.Select(b => (byte)b).ToArray()) : null;
    }

    static uint Number(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return (uint)bytes[0] << 24 | (uint)bytes[1] << 16 | (uint)bytes[2] << 8 | bytes[3];
    }

    /// <summary>The address with this number in the network; null when the network is too small.</summary>
    public IPAddress? Address(int number)
    {
        if (number >= (1L << (32 - Prefix)) - 1)
            return null;
        var value = Number(Network) + (uint)number;
        return new IPAddress(new[] { (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value });
    }

    public override string ToString() => $"{Network}/{Prefix}";
}
