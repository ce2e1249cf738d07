using System.Net.Sockets;
using System.Text;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>A monitor that says what a test wrote down for it: for each line that it reads, the next text.</summary>
sealed class QmpServer : IDisposable
{
    public const string Greeting = "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\n", Done = "{\"return\":{}}\n";

    readonly TempDirectory _directory = new();
    readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly List<string> _heard = [];
    readonly Task _talk;

    /// <summary>Listens.</summary>
    /// <param name="endless">What is said again and again when all else has been said; nothing: it hangs up. An empty text: it falls silent.</param>
    /// <param name="script">The greeting, then an answer to each line.</param>
    public QmpServer(string? endless, params string[] script)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _talk = Task.Run(() => Talk(endless, script));
    }

    /// <summary>The monitor's socket.</summary>
    public string Path => _directory["qmp.sock"];

    /// <summary>The lines that were sent to it.</summary>
    public string Heard
    {
        get
        {
            _talk.Wait(TimeSpan.FromSeconds(10));
            return string.Join('\n', _heard);
        }
    }

    void Talk(string? endless, string[] script)
    {
        try
        {
            using var socket = _listener.Accept();
            using var reader = new StreamReader(new NetworkStream(socket));
            for (var i = 0; i < script.Length; i++)
            {
                if (i > 0)
                    _heard.Add(reader.ReadLine() ?? "");
                socket.Send(Encoding.UTF8.GetBytes(script[i]));
            }
            while (endless?.Length > 0)
                socket.Send(Encoding.UTF8.GetBytes(endless));
            if (endless is not null)
                reader.ReadToEnd();
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The client hung up.
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Dispose();
    }
}
