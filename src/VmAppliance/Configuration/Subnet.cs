using System.Globalization;
using System.Net;

namespace VmAppliance.Configuration;

/// <summary>An IPv4 network in CIDR notation.</summary>
sealed record Subnet(IPAddress Network, int Prefix)
{
    /// <summary>Reads e.g. <c>192.168.77.0/24</c>; null when it is none.</summary>
    public static Subnet? Parse(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2 && IPAddress.TryParse(parts[0], out var address)
            && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix is > 0 and <= 30
            ? new Subnet(address, prefix) : null;
    }

    /// <summary>The address with this number in the network; null when the network is too small.</summary>
    public IPAddress? Address(int number)
    {
        if (number >= (1L << (32 - Prefix)) - 1)
            return null;
        var bytes = Network.GetAddressBytes();
        var value = ((uint)bytes[0] << 24 | (uint)bytes[1] << 16 | (uint)bytes[2] << 8 | bytes[3]) + (uint)number;
        return new IPAddress(new[] { (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value });
    }

    public override string ToString() => $"{Network}/{Prefix}";
}
