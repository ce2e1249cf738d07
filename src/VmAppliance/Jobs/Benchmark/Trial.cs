using System.Diagnostics;
using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Jobs.Benchmark;

/// <summary>A way being gone once: a process whose first line of output is the job's first instruction.</summary>
sealed class Trial : IDisposable
{
    const int SIGTERM = 15;
    const int Chunk = 64 << 10;
    const long BetweenLooks = 16 << 20;

    readonly Way _way;
    readonly Stopwatch _watch = Stopwatch.StartNew();
    readonly Descriptor _output, _input, _errors = Descriptor.Memory("errors", 64 << 10);
    bool _reaped;

    Trial(Way way)
    {
        _way = way;
        var (source, input) = Descriptor.Pipe();
        var (output, sink) = Descriptor.Pipe();
        (_input, _output) = (input, output);
        using (source)
        using (sink)
            Pid = Spawn.Start(way.Argv[0], [.. way.Argv.Select(Encoding.UTF8.GetBytes)],
                [.. CommandRunner.CleanEnvironment, .. way.Environment.Select(Encoding.UTF8.GetBytes)], [source.Number, sink.Number, _errors.Number],
                // Every machine has it.
                "/"u8.ToArray());
    }

    /// <summary>The process.</summary>
    public int Pid { get; }

    /// <summary>Until its first byte of output, in milliseconds.</summary>
    public double First { get; private set; }

    /// <summary>Until it had ended, in milliseconds.</summary>
    public double Whole { get; private set; }

    /// <summary>The most memory that it was seen to have, in KiB.</summary>
    public long PeakMemoryKiB { get; private set; }

    /// <summary>What it wrote to standard error.</summary>
    public string Errors => _errors.Text();

    /// <summary>Starts it; its standard input stays open until it is told to end.</summary>
    public static Trial Start(Way way) => new(way);

    /// <summary>Waits for its first line.</summary>
    /// <exception cref="ApplianceException">It ended before.</exception>
    public Trial Begun()
    {
        var one = new byte[1];
        do
            if (_output.Read(one) <= 0)
                throw Failed("it ended before its job began");
            else if (First == 0)
                First = _watch.Elapsed.TotalMilliseconds;
        while (one[0] != '\n');
        return this;
    }

    /// <summary>Feeds its standard input, closes that, takes its output and waits for its end, which must be good.</summary>
    /// <param name="bytes">How many bytes to feed.</param>
    /// <returns>This, all figures known.</returns>
    public Trial Ended(long bytes = 0)
    {
        var feeder = new Thread(() => Feed(bytes)) { IsBackground = true };
        feeder.Start();
        var buffer = new byte[Chunk];
        long taken = 0, look = 0;
        for (int count; (count = _output.Read(buffer)) > 0; taken += count)
        {
            if (First == 0)
                First = _watch.Elapsed.TotalMilliseconds;
            if (taken < look)
                continue;
            PeakMemoryKiB = Math.Max(PeakMemoryKiB, ProcessStatus.Of(Pid)?.PeakMemoryKiB ?? 0);
            look = taken + BetweenLooks;
        }
        var status = ProcessHandle.Reap(Pid);
        _reaped = true;
        Whole = _watch.Elapsed.TotalMilliseconds;
        feeder.Join();
        return status == 0 ? this : throw Failed($"it ended with status {status}");
    }

    void Feed(long bytes)
    {
        try
        {
            var zeros = new byte[Chunk];
            for (; bytes > 0; bytes -= zeros.Length)
                _input.WriteAll(zeros);
        }
        catch (LinuxException)
        {
            // It ended first; its status says why.
        }
        _input.Dispose();
    }

    ApplianceException Failed(string reason) => new(Blame.Node, "measure", _way.Name, reason, Errors.Trim() is { Length: > 0 } said ? $"it said: {said.Split('\n')[0]}" : null);

    public void Dispose()
    {
        // A way takes its own machine down when it is told to end.
        _input.Dispose();
        if (!_reaped && ProcessHandle.Open(Pid) is { } process)
            using (process)
            {
                process.Signal(SIGTERM);
                ProcessHandle.Reap(Pid);
            }
        _output.Dispose();
        _errors.Dispose();
    }
}
