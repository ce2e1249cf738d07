using System.Runtime.InteropServices;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests;

/// <summary>A terminal whose other side this is: ptmx(4).</summary>
sealed unsafe partial class Terminal : IDisposable
{
    const uint TIOCGPTN = 0x80045430, TIOCSPTLCK = 0x40045431;

    readonly Descriptor _side = Descriptor.Open("/dev/ptmx", OpenMode.ReadWrite | OpenMode.NoTerminal);

    public Terminal()
    {
        int number, locked = 0;
        Errno.Check(ioctl(_side.Number, TIOCSPTLCK, &locked), "TIOCSPTLCK", "/dev/ptmx");
        Errno.Check(ioctl(_side.Number, TIOCGPTN, &number), "TIOCGPTN", "/dev/ptmx");
        Path = $"/dev/pts/{number}";
    }

    /// <summary>The terminal.</summary>
    public string Path { get; }

    /// <summary>Says something that whoever reads the terminal hears; it hears whole lines.</summary>
    public void Write(string text) => _side.WriteAll(Encoding.UTF8.GetBytes(text));

    /// <summary>Closes this side.</summary>
    public void HangUp() => _side.Dispose();

    public void Dispose() => _side.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, ulong request, int* value);
}
