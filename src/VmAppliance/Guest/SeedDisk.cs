using System.Text.Json;

namespace VmAppliance.Guest;

/// <summary>An identity on a disk, for machines without the port: a magic line, the identity's JSON line, padding to whole sectors.</summary>
static class SeedDisk
{
    const int Sector = 512;

    /// <summary>The line on the console by which such a machine says that it is ready.</summary>
    public const string ReadyLine = "vmappliance: ready";

    /// <summary>The line on the console by which it says why it cannot be; the reason follows.</summary>
    public const string ErrorLine = "vmappliance: error: ";

    static ReadOnlySpan<byte> Magic => "VMAPPLIANCE SEED 1\n"u8;

    /// <summary>The disk's content.</summary>
    public static byte[] Write(Identity identity)
    {
        byte[] content = [.. Magic, .. JsonSerializer.SerializeToUtf8Bytes(new GuestMessage { Identity = identity }, GuestJson.Default.GuestMessage), (byte)'\n'];
        Array.Resize(ref content, (content.Length + Sector - 1) / Sector * Sector);
        return content;
    }

    /// <summary>The identity on a disk; null when there is none.</summary>
    public static Identity? Read(Stream disk)
    {
        var head = new byte[Magic.Length];
        if (disk.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !head.AsSpan().SequenceEqual(Magic))
            return null;
        var lines = new LineBuffer();
        var buffer = new byte[Sector];
        byte[]? line = null;
        for (int count; line is null && (count = disk.Read(buffer)) > 0; line = lines.Next())
            lines.Add(buffer.AsSpan(0, count));
        return line is null ? null : GuestChannel.Parse(line)?.Identity;
    }
}
