using System.Text;
using static Tmds.Linux.LibC;

namespace VmAppliance.Linux;

/// <summary>A tap device that lives exactly as long as a descriptor of it is open: linux/Documentation/networking/tuntap.rst.</summary>
static unsafe class TapDevice
{
    const string Control = "/dev/net/tun";
    const int TUNSETIFF = 0x400454CA; // linux/if_tun.h
    const short IFF_TAP = 0x0002, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;
    const int InterfaceRequest = 40, InterfaceName = 16; // struct ifreq, linux/if.h

    /// <summary>Makes a device.</summary>
    /// <param name="name">Its name, chosen by the kernel: <c>vmatapN</c>.</param>
    /// <exception cref="LinuxException">The kernel has no tap devices, or this is not root.</exception>
    public static Descriptor Create(out string name)
    {
        var tap = Descriptor.Open(Control, OpenMode.ReadWrite);
        var request = stackalloc byte[InterfaceRequest];
        new Span<byte>(request, InterfaceRequest).Clear();
        "vmatap%d"u8.CopyTo(new Span<byte>(request, InterfaceName));
        *(short*)(request + InterfaceName) = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
        Errno.Check(ioctl(tap.Number, TUNSETIFF, request), "TUNSETIFF", Control);
        name = Encoding.ASCII.GetString(new ReadOnlySpan<byte>(request, InterfaceName)).TrimEnd('\0');
        return tap;
    }
}
