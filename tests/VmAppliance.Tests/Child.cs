using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests;

/// <summary>A child process with its standard output at hand; it does not outlive the test.</summary>
sealed class Child : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    static readonly byte[][] s_environment = [.. new[] { "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }.Select(Encoding.UTF8.GetBytes)];

    readonly Descriptor _output;
    readonly ProcessHandle _process;
    bool _reaped;

    Child(int pid, Descriptor output)
    {
        _output = output;
        _process = ProcessHandle.Open(pid)!;
    }

    /// <summary>The program under test: the one that <c>make</c> has built and names, else the one that the framework built beside the tests.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("VMAPPLIANCE") ?? $"{AppContext.BaseDirectory}vmappliance";

    public int Pid => _process.Pid;

    /// <summary>Starts a program; its standard error goes where its standard output goes.</summary>
    public static Child Start(params string[] argv) => Start(argv[0], [.. argv.Select(Encoding.UTF8.GetBytes)]);

    /// <summary>Starts a program with everything said as bytes.</summary>
    public static Child Start(string file, IReadOnlyList<byte[]> argv, IReadOnlyList<byte[]>? environment = null, byte[]? input = null, string? directory = null)
    {
        var (read, write) = Descriptor.Pipe();
        using (write)
        using (var memory = Descriptor.Memory("input", input?.Length ?? 0))
        {
            memory.WriteAll(input);
            using var source = Descriptor.Open($"/proc/self/fd/{memory.Number}", OpenMode.Read);
            return new Child(Spawn.Start(file, argv, environment ?? s_environment, [source.Number, write.Number, write.Number],
                directory is null ? null : Encoding.UTF8.GetBytes(directory)), read);
        }
    }

    /// <summary>The next line of its output; null at the end.</summary>
    public string? ReadLine()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (Poll.Readable(Deadline.In(Patience), _output.Number) == 0 && _output.Read(one) == 1)
            if (one[0] == '\n')
                return Encoding.UTF8.GetString([.. line]);
            else
                line.Add(one[0]);
        return line.Count > 0 ? Encoding.UTF8.GetString([.. line]) : null;
    }

    /// <summary>All the rest of its output, up to its end.</summary>
    public byte[] ReadToEnd()
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        for (int count; Poll.Readable(Deadline.In(Patience), _output.Number) == 0 && (count = _output.Read(buffer)) > 0;)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(int signal) => _process.Signal(signal);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit status, or 128 + signal.</returns>
    public int Wait()
    {
        if (!_process.Ended(Deadline.In(Patience)))
            throw new TimeoutException($"process {Pid} does not end");
        _reaped = true;
        return ProcessHandle.Reap(Pid);
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            _process.Signal(Kill.SIGKILL);
            ProcessHandle.Reap(Pid);
        }
        _process.Dispose();
        _output.Dispose();
    }
}
