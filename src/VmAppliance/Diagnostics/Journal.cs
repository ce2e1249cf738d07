using System.Net.Sockets;
using System.Text;

namespace VmAppliance.Diagnostics;

/// <summary>syslog(3) severities.</summary>
enum Severity
{
    Error = 3,
    Warning = 4,
    Information = 6,
}

/// <summary>Where the node's administrator reads: one datagram per line to /dev/log (RFC 3164); nothing when no logger listens.</summary>
static class Journal
{
    const int DaemonFacility = 3;
    const int LongestLine = 2000;
    const string Socket = "/dev/log";

    /// <summary>Writes one line.</summary>
    public static void Write(Severity severity, string line)
    {
        var text = line.Replace('\n', ' ');
        var message = $"<{(DaemonFacility * 8) + (int)severity}>vmappliance[{Environment.ProcessId}]: {text[..Math.Min(text.Length, LongestLine)]}";
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            socket.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (SocketException)
        {
            // No logger, or one that cannot keep up: a job is never held up or failed by its log line.
        }
    }
}
