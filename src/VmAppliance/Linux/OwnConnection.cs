using System.Net.Sockets;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>Finds out whose a connection on the loopback is. The kernel tells that of local sockets (SO_PEERCRED), but not of TCP's.</summary>
static unsafe class OwnConnection
{
    const int MostAddressBytes = 28; // struct sockaddr_in6, ipv6(7); struct sockaddr_in of ip(7) is shorter
    const int PortOffset = 2, Ipv4Offset = 4, MappedOffset = 20; // of IPv4 in ::ffff:0:0/96, RFC 4291, 2.5.5.2
    const ulong MostDescriptors = 1 << 16;

    /// <summary>Whether this process has the other end of a connection, too: one of its descriptors has both addresses, the other way round.</summary>
    /// <param name="accepted">A socket that was accepted on the IPv4 loopback.</param>
    public static bool HasOtherEnd(Socket accepted)
    {
        var (own, peers) = (Address(Descriptor.Of(accepted), isPeers: false), Address(Descriptor.Of(accepted), isPeers: true));
        var end = (int)Math.Min(Limits.Get(Limits.NOFILE).Soft, MostDescriptors);
        for (var number = 0; own is not null && peers is not null && number < end; number++)
            if (Address(number, isPeers: true) == own && Address(number, isPeers: false) == peers)
                return true;
        return false;
    }

    // Port and IPv4 address as one number; null for what is no connection of IPv4. One that was made by a socket of both families is.
    static ulong? Address(int number, bool isPeers)
    {
        var address = stackalloc byte[MostAddressBytes];
        socklen_t size = MostAddressBytes;
        if ((isPeers ? getpeername(number, (sockaddr*)address, &size) : getsockname(number, (sockaddr*)address, &size)) != 0)
            return null;
        var offset = *(ushort*)address == AF_INET ? Ipv4Offset : *(ushort*)address == AF_INET6 ? MappedOffset : 0;
        return offset == 0 ? null : ((ulong)*(ushort*)(address + PortOffset) << 32) | *(uint*)(address + offset);
    }
}
