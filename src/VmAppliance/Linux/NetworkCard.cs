using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>A network card of this machine, and the one IPv4 address on it: netdevice(7), and linux/route.h for the default route.</summary>
/// <param name="name">The card's, at most 15 bytes.</param>
sealed unsafe class NetworkCard(string name) : IDisposable
{
    const int SIOCADDRT = 0x890B, SIOCDELRT = 0x890C; // linux/sockios.h
    const int SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916, SIOCSIFNETMASK = 0x891C, SIOCSIFHWADDR = 0x8924;
    const short IFF_UP = 1;
    const short Ethernet = 1; // ARPHRD_ETHER
    const short RTF_UP = 1, RTF_GATEWAY = 2;

    // struct ifreq: a name of 16 bytes, then what the request is about; a struct sockaddr_in has its address behind family and port.
    const int RequestBytes = 40, NameBytes = 16, AddressOffset = 4, MacBytes = 6;

    // struct rtentry: destination, gateway and netmask are struct sockaddr.
    const int RouteBytes = 120, DestinationOffset = 8, GatewayOffset = 24, NetmaskOffset = 40, FlagsOffset = 56;

    readonly Descriptor _socket = new(Errno.Check(socket(Tmds.Linux.LibC.AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", name));

    /// <summary>Takes it down, and with that all its addresses of IPv6, its routes and its neighbours.</summary>
    /// <exception cref="LinuxException">There is no such card.</exception>
    public void TakeDown() => SetFlags((short)(Flags() & ~IFF_UP));

    /// <summary>Brings it up.</summary>
    /// <exception cref="LinuxException">There is no such card.</exception>
    public void BringUp() => SetFlags((short)(Flags() | IFF_UP));

    /// <summary>Gives it another hardware address; it must be down.</summary>
    /// <param name="mac">Six bytes in hexadecimal, with colons.</param>
    public void SetMac(string mac)
    {
        var request = stackalloc byte[RequestBytes];
        *(short*)Fill(request) = Ethernet;
        Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal)).CopyTo(new Span<byte>(request + NameBytes + sizeof(short), MacBytes));
        Ask(SIOCSIFHWADDR, request, "SIOCSIFHWADDR");
    }

    /// <summary>Gives it an address instead of the one it had.</summary>
    /// <param name="address">An IPv4 address.</param>
    /// <param name="prefix">Bits of its network.</param>
    public void SetAddress(IPAddress address, int prefix)
    {
        var request = stackalloc byte[RequestBytes];
        Put(Fill(request), address);
        Ask(SIOCSIFADDR, request, "SIOCSIFADDR");
        Put(Fill(request), new IPAddress(BinaryPrimitives.ReverseEndianness(prefix == 0 ? 0 : uint.MaxValue << (32 - prefix))));
        Ask(SIOCSIFNETMASK, request, "SIOCSIFNETMASK");
    }

    /// <summary>Takes its address away.</summary>
    public void DropAddress()
    {
        var request = stackalloc byte[RequestBytes];
        Put(Fill(request), IPAddress.Any);
        Ask(SIOCSIFADDR, request, "SIOCSIFADDR");
    }

    /// <summary>Makes the default route lead through it, instead of where it led.</summary>
    /// <param name="gateway">A neighbour's IPv4 address.</param>
    public void SetGateway(IPAddress gateway)
    {
        var route = stackalloc byte[RouteBytes];
        new Span<byte>(route, RouteBytes).Clear();
        Put(route + DestinationOffset, IPAddress.Any);
        Put(route + NetmaskOffset, IPAddress.Any);
        *(short*)(route + FlagsOffset) = RTF_UP;
        while (ioctl(_socket.Number, SIOCDELRT, route) == 0)
        {
            // There can be several, with different metrics.
        }
        Put(route + GatewayOffset, gateway);
        *(short*)(route + FlagsOffset) = RTF_UP | RTF_GATEWAY;
        Ask(SIOCADDRT, route, "SIOCADDRT");
    }

    short Flags()
    {
        var request = stackalloc byte[RequestBytes];
        var flags = (short*)Fill(request);
        Ask(SIOCGIFFLAGS, request, "SIOCGIFFLAGS");
        return *flags;
    }

    void SetFlags(short flags)
    {
        var request = stackalloc byte[RequestBytes];
        *(short*)Fill(request) = flags;
        Ask(SIOCSIFFLAGS, request, "SIOCSIFFLAGS");
    }

    void Ask(int verb, byte* request, string call) => Errno.Check(ioctl(_socket.Number, verb, request), call, name);

    byte* Fill(byte* request)
    {
        new Span<byte>(request, RequestBytes).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, NameBytes - 1));
        return request + NameBytes;
    }

    static void Put(byte* place, IPAddress address)
    {
        *(short*)place = (short)AddressFamily.InterNetwork;
        address.GetAddressBytes().CopyTo(new Span<byte>(place + AddressOffset, sizeof(uint)));
    }

    public void Dispose() => _socket.Dispose();
}
