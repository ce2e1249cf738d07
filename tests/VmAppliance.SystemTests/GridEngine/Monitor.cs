using System.Net.Sockets;
using System.Text.Json;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Asks a machine's QEMU, over its monitor.</summary>
static class Monitor
{
    /// <summary>Whether it runs: <c>running</c>, <c>paused</c>.</summary>
    public static string? Status(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        using var writer = new StreamWriter(stream) { AutoFlush = true };
        writer.Write("{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"query-status\"}\n");
        while (reader.ReadLine() is { } line)
            if (JsonDocument.Parse(line).RootElement is var answer && answer.TryGetProperty("return", out var result) && result.TryGetProperty("status", out var status))
                return status.GetString();
        return null;
    }
}
