namespace VmAppliance.Linux;

/// <summary>Random bytes of the kernel's own: getrandom(2). The framework's generator would start a whole OpenSSL first, which costs a hook more than its disk.</summary>
static unsafe class Entropy
{
    /// <summary>Random bytes, fit for keys; waits until the kernel has collected enough to give any.</summary>
    /// <param name="count">How many.</param>
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        fixed (byte* start = bytes)
            for (var done = 0; done < count;)
            {
                var got = (int)Native.getrandom(start + done, (nuint)(count - done), 0);
                if (got >= 0)
                    done += got;
                else if (Errno.Last != Errno.EINTR)
                    throw new LinuxException("getrandom", $"{count} bytes", Errno.Last);
            }
        return bytes;
    }

    /// <summary>Random bytes as hexadecimal digits.</summary>
    /// <param name="digits">How many digits, an even number.</param>
    public static string Hex(int digits) => Convert.ToHexStringLower(Bytes(digits / 2));
}
