using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>
/// A lease whose machine is a real sshd on this host, with the agent at its place in a mount namespace of its own: what comes through the
/// starter comes at this host's speed, a hundred times that of an emulated machine.
/// </summary>
sealed class NodeSshd : IAsyncInitializer, IAsyncDisposable
{
    const string Job = "native", PrivilegeSeparation = "/run/sshd";

    readonly bool _hadDirectory = Directory.Exists(PrivilegeSeparation);
    RunningCommand? _sshd;

    /// <summary>The session.</summary>
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    /// <summary>Whose job it is.</summary>
    [ClassDataSource<TestAccount>(Shared = SharedType.PerTestSession)]
    public required TestAccount Owner { get; init; }

    Node Node => Session.With(Job);

    string Home => $"{Session.Directory}/sshd";

    string Lease => $"{Node.RunDirectory}/leases/{Job}.1";

    /// <summary>A shell script behind the sshd, started by its owner through the starter.</summary>
    public Command Script(string script) => Owner.As(new Command($"{Node.Hooks}/starter", "sh", "-c", script)) with
    {
        Environment = new Dictionary<string, string> { ["JOB_ID"] = Job, ["HOME"] = Owner.Home, ["USER"] = Owner.Name },
    };

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory($"{Home}/agent");
        Directory.CreateDirectory(PrivilegeSeparation);
        File.Copy(Repository.Binary, $"{Home}/agent/vmappliance");
        foreach (var key in new[] { "host", "client" })
            await new Command("ssh-keygen", "-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", $"{Home}/{key}").Require();
        // A new account is locked; no password is not the same.
        await new Command("usermod", "--password", "*", Owner.Name).Require();
        var port = FreePort();
        await File.WriteAllTextAsync($"{Home}/config", $"ListenAddress 127.0.0.1:{port}\nHostKey {Home}/host\nAuthorizedKeysFile {Home}/client.pub\nStrictModes no\nPidFile none\n");
        _sshd = (new Command("unshare", "--mount", "--", "sh", "-c",
            $"mount -t overlay overlay -o lowerdir={Home}/agent:/usr/bin /usr/bin && exec /usr/sbin/sshd -D -e -f {Home}/config") with { Deadline = TimeSpan.FromMinutes(30) }).Start();
        await _sshd.Errors.Contains("Server listening");
        await Issue(port);
    }

    async Task Issue(int port)
    {
        var fingerprint = (await new Command("ssh-keygen", "-l", "-f", $"{Home}/host.pub").Require()).Split(' ')[1]["SHA256:".Length..];
        var start = (await File.ReadAllTextAsync($"/proc/{_sshd!.Pid}/stat")).Split(") ")[1].Split(' ')[19];
        Directory.CreateDirectory(Lease);
        await using var pass = File.Create($"{Lease}/pass.json");
        await using var json = new Utf8JsonWriter(pass);
        json.WriteStartObject();
        json.WriteStartObject("access");
        json.WriteString("address", "127.0.0.1");
        json.WriteNumber("port", port);
        json.WriteString("user", Owner.Name);
        json.WriteString("privateKey", await File.ReadAllTextAsync($"{Home}/client"));
        json.WriteString("hostKeyFingerprint", fingerprint);
        json.WriteEndObject();
        json.WriteStartObject("machine");
        json.WriteNumber("pid", _sshd.Pid);
        json.WriteNumber("startTicks", long.Parse(start, CultureInfo.InvariantCulture));
        json.WriteString("uuid", Guid.NewGuid());
        json.WriteEndObject();
        json.WriteString("home", Owner.Home);
        json.WriteNumber("lostStatus", 98);
        json.WriteEndObject();
    }

    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_sshd is not null)
            await _sshd.DisposeAsync();
        if (Directory.Exists(Lease))
            Directory.Delete(Lease, recursive: true);
        if (!_hadDirectory)
            Directory.Delete(PrivilegeSeparation);
    }
}
