using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>QEMU's machine protocol: one JSON object per line; greeting, capabilities, then commands and events. QEMU's qmp-spec.</summary>
sealed class QmpClient : IDisposable
{
    const int LongestLine = 1 << 20;

    readonly Socket _socket;
    readonly Deadline _deadline;
    readonly int _process;
    readonly List<byte> _pending = [];
    string? _migration;

    QmpClient(Socket socket, Deadline deadline, int process) => (_socket, _deadline, _process) = (socket, deadline, process);

    /// <summary>Connects, waits for the greeting, and negotiates.</summary>
    /// <param name="path">The monitor's socket.</param>
    /// <param name="deadline">When to give up, for this and all commands.</param>
    /// <param name="process">A descriptor that becomes readable when QEMU ends; -1 to do without.</param>
    /// <exception cref="ApplianceException">QEMU is gone, or does not answer in time.</exception>
    public static QmpClient Connect(string path, Deadline deadline, int process = -1)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            // Where others wait already this fails at once instead of waiting behind them.
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Lost("connect", e.SocketErrorCode == SocketError.WouldBlock ? "others talk to it already" : e.Message);
        }
        return Over(socket, deadline, process);
    }

    /// <summary>Waits for the greeting on a connected socket, and negotiates.</summary>
    /// <inheritdoc cref="Connect"/>
    public static QmpClient Over(Socket socket, Deadline deadline, int process = -1)
    {
        socket.Blocking = true;
        var client = new QmpClient(socket, deadline, process);
        try
        {
            using var greeting = client.Next("greeting");
            client.Version = Read("greeting", () => VersionIn(greeting.RootElement));
            client.Execute("qmp_capabilities");
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>QEMU's version, without its last part; 0.0 where the greeting has none.</summary>
    public Version Version { get; private set; } = new(0, 0);

    static Version VersionIn(JsonElement greeting) => greeting.TryGetProperty("QMP", out var qmp) && qmp.TryGetProperty("version", out var version)
        && version.TryGetProperty("qemu", out var qemu) && qemu.TryGetProperty("major", out var major) && qemu.TryGetProperty("minor", out var minor)
        && major.TryGetInt32(out var first) && minor.TryGetInt32(out var second) && first >= 0 && second >= 0 ? new Version(first, second) : new Version(0, 0);

    /// <summary>Gives QEMU an open file under a name, for <c>fd:NAME</c> in its commands.</summary>
    /// <exception cref="ApplianceException">QEMU refuses, is gone, or does not answer in time.</exception>
    public void Give(string name, Descriptor file) => Answer("getfd", $$"""{"fdname":"{{name}}"}""", file);

    /// <summary>Runs a command and waits for its answer.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="arguments">Its arguments, a JSON object; null for none.</param>
    /// <returns>The answer's <c>return</c> value as JSON text.</returns>
    /// <exception cref="ApplianceException">QEMU refuses, is gone, or does not answer in time.</exception>
    public string Execute(string command, string? arguments = null) => Answer(command, arguments, null);

    string Answer(string command, string? arguments, Descriptor? file)
    {
        Send(Encoding.UTF8.GetBytes($"{{\"execute\":\"{command}\"{(arguments is null ? "" : $",\"arguments\":{arguments}")}}}\n"), command, file);
        while (true)
        {
            using var message = Next(command);
            if (Read(command, () => Result(message.RootElement, command)) is { } result)
                return result;
        }
    }

    /// <summary>Waits until a migration has ended: QEMU's event MIGRATION, which the capability <c>events</c> lets it send.</summary>
    /// <exception cref="ApplianceException">It failed, or QEMU is gone, or does not answer in time.</exception>
    public void AwaitMigration()
    {
        while (_migration is not ("completed" or "failed" or "cancelled"))
        {
            using var message = Next("migrate");
            Read("migrate", () => Result(message.RootElement, "migrate"));
        }
        if (_migration != "completed")
            throw new ApplianceException(Blame.Machine, "ask QEMU", "migrate", $"it {_migration}: {Reason()}");
    }

    string Reason()
    {
        using var status = JsonDocument.Parse(Execute("query-migrate"));
        return Read("query-migrate", () => Text(status.RootElement, "error-desc")) ?? "no reason given";
    }

    void Remember(JsonElement message)
    {
        if (Text(message, "event") == "MIGRATION" && message.TryGetProperty("data", out var data))
            _migration = Text(data, "status") ?? _migration;
    }

    void Send(byte[] bytes, string command, Descriptor? file)
    {
        try
        {
            if (file is null)
                _socket.Send(bytes);
            else
                PassedFile.Send(Descriptor.Of(_socket), bytes, file);
        }
        catch (Exception e) when (e is SocketException or LinuxException)
        {
            throw Lost(command, e.Message);
        }
    }

    JsonDocument Next(string command)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var end = _pending.IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = _pending.GetRange(0, end).ToArray();
                _pending.RemoveRange(0, end + 1);
                return Parse(line, command);
            }
            // The socket comes first: what QEMU said before it ended still counts.
            var ready = Poll.Readable(_deadline, Descriptor.Of(_socket), _process);
            var count = ready == 0 ? _socket.Receive(buffer, SocketFlags.None, out _) : 0;
            if (ready < 0 || _deadline.Passed)
                throw Lost(command, "QEMU does not answer in time");
            if (count <= 0 || _pending.Count > LongestLine)
                throw Lost(command, "QEMU is gone");
            _pending.AddRange(buffer.AsSpan(0, count));
        }
    }

    // What is no answer is an event.
    string? Result(JsonElement message, string command)
    {
        if (message.TryGetProperty("return", out var result))
            return result.GetRawText();
        if (message.TryGetProperty("error", out var error))
            throw new ApplianceException(Blame.Machine, "ask QEMU", command, Description(error));
        Remember(message);
        return null;
    }

    // JSON's grammar is looked at when a message is read, the characters of its texts and names, and what they are, only when somebody asks.
    static T Read<T>(string command, Func<T> look)
    {
        try
        {
            return look();
        }
        catch (InvalidOperationException)
        {
            throw Lost(command, "it does not speak its protocol");
        }
    }

    static string Description(JsonElement error) => Text(error, "desc") ?? error.GetRawText();

    static string? Text(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var text)
        && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    static JsonDocument Parse(byte[] line, string command)
    {
        try
        {
            var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw Lost(command, "it does not speak its protocol");
    }

    static ApplianceException Lost(string command, string reason) => new(Blame.Transient, "ask QEMU", command, reason);

    public void Dispose() => _socket.Dispose();
}
