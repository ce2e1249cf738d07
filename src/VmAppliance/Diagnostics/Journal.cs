using System.Text;
using VmAppliance.Linux;

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
        // No logger, or one that cannot keep up: a job is never held up or failed by its log line.
        _ = Datagram.TrySend(Socket, Encoding.UTF8.GetBytes(message));
    }
}
