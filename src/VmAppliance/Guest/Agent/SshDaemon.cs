using System.Globalization;
using System.Text;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Guest.Agent;

/// <summary>The image's own sshd, sshd(8), as a process with two gates: one where it may wait for its host key, one by which it tells that it listens.</summary>
sealed class SshDaemon
{
    const string Program = "/usr/sbin/sshd";
    const int OwnerOnly = 0x180; // 0600

    static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);

    readonly string _listening;
    readonly string[] _gates;
    readonly Descriptor _log;
    readonly Action<string> _say;
    readonly LineBuffer _lines = new();
    readonly TaskCompletionSource _over = new();
    volatile bool _ended;
    string _lastWords = "it says nothing";

    SshDaemon(int pid, Descriptor log, string[] gates, Action<string> say)
    {
        (Pid, _log, _gates, _listening, _say) = (pid, log, gates, gates[0], say);
        new Thread(Attend) { IsBackground = true }.Start();
    }

    /// <summary>The process that listens.</summary>
    public int Pid { get; }

    /// <summary>Starts one.</summary>
    /// <param name="configuration">Its sshd_config(5).</param>
    /// <param name="listening">The <c>PidFile</c> in there: sshd writes it when it listens. Made here, as a named pipe.</param>
    /// <param name="hostKey">The <c>HostKey</c> in there.</param>
    /// <param name="waits">Whether it shall wait for the key: then that is made here as a named pipe, too.</param>
    /// <param name="say">What it says, line by line.</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static SshDaemon Start(string configuration, string listening, string hostKey, bool waits, Action<string> say)
    {
        string[] gates = waits ? [listening, hostKey] : [listening];
        foreach (var gate in gates)
        {
            File.Delete(gate);
            Files.MakePipe(gate, OwnerOnly, Host.EffectiveUser, -1);
        }
        // -r: connections are served by copies of this process, which has everything in its memory already. sshd since 9.8 starts a
        // program for each all the same.
        string[] argv = [Program, "-D", "-r", "-e", "-f", configuration];
        var (read, write) = Descriptor.Pipe();
        using (write)
        using (var nothing = Descriptor.Open("/dev/null", OpenMode.ReadWrite))
            return new SshDaemon(Spawn.Start(Program, [.. argv.Select(Encoding.ASCII.GetBytes)], CommandRunner.CleanEnvironment, [nothing.Number, nothing.Number, write.Number]), read, gates, say);
    }

    /// <summary>
    /// Whether an sshd may be started in one machine and go on in many: each process that it makes must draw random numbers of its own, whatever
    /// the first one had in its memory. OpenSSL sees to that since 1.1.1 (RAND_DRBG(7), "fork safety").
    /// </summary>
    /// <param name="version">What it says of its version: <c>OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.11 19 Sep 2023</c>.</param>
    public static bool MayBeMultiplied(string version)
    {
        const string library = "OpenSSL ";
        var start = version.IndexOf(library, StringComparison.Ordinal);
        if (start < 0)
            return false;
        var number = version[(start + library.Length)..].TakeWhile(c => char.IsAsciiDigit(c) || c == '.').ToArray();
        return Version.TryParse(number, out var parsed) && parsed >= new Version(1, 1, 1);
    }

    /// <summary>What the image's sshd says of its version, among other things.</summary>
    public static string AskVersion() => CommandRunner.Run([Program, "-?"]).Errors;

    /// <summary>Waits until it has come as far as to its host key, where it waits on.</summary>
    /// <returns>Where to write the key; closing it lets sshd go on.</returns>
    /// <exception cref="IOException">It ended before.</exception>
    public Descriptor AwaitKeyWanted() => Reach(_gates[1], OpenMode.Write);

    /// <summary>Waits until it listens.</summary>
    /// <exception cref="IOException">It ended before.</exception>
    public void AwaitListening()
    {
        using var gate = Reach(_listening, OpenMode.Read);
        gate.Read(new byte[16]);
        if (_ended)
            throw Ended();
    }

    /// <summary>Ends it, and waits until all who were connected have gone.</summary>
    /// <exception cref="IOException">Somebody stays connected.</exception>
    public void Stop()
    {
        lock (_gates)
            if (!_ended)
                Kill.Process(Pid, Kill.SIGKILL);
        if (!_over.Task.Wait(EndPatience))
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"sshd is still there {EndPatience.TotalSeconds:0} s after it was ended"));
    }

    Descriptor Reach(string gate, OpenMode side)
    {
        var open = Descriptor.Open(gate, side);
        if (!_ended)
            return open;
        open.Dispose();
        throw Ended();
    }

    IOException Ended() => new($"sshd ended: {_lastWords}");

    // Its log is held by all of its processes and by nothing else: at the end of the log all of them are gone.
    void Attend()
    {
        var buffer = new byte[4096];
        for (int count; (count = _log.Read(buffer)) > 0;)
        {
            _lines.Add(buffer.AsSpan(0, count));
            while (_lines.Next() is { } line)
                _say(_lastWords = Encoding.UTF8.GetString(line).Trim());
        }
        // Its files close before it ends: only one that was collected is gone, and from then on its number may be another's.
        lock (_gates)
        {
            ProcessHandle.Reap(Pid);
            _ended = true;
        }
        _log.Dispose();
        // Whoever waits at a gate, or will, waits for nobody: it stays open at both ends.
        foreach (var gate in _gates)
            if (Files.Facts(gate) is { IsPipe: true })
                _ = Descriptor.Open(gate, OpenMode.ReadWrite);
        _over.SetResult();
    }
}
