using System.Text;
using System.Text.Json;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>A <c>vmappliance run</c> that goes on while a test looks at it; its job's input is empty, and open as long as this is.</summary>
sealed class BackgroundRun : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    readonly string _leases;
    readonly ProcessHandle _process;
    readonly Descriptor _said, _input;

    /// <summary>Starts it.</summary>
    /// <param name="argv">The command.</param>
    /// <param name="leases">Where its lease will be.</param>
    public BackgroundRun(IReadOnlyList<string> argv, string leases)
    {
        _leases = leases;
        _said = Descriptor.Memory("run", 64 * 1024);
        (var input, _input) = Descriptor.Pipe();
        using (input)
            _process = ProcessHandle.Open(Spawn.Start(argv[0], [.. argv.Select(Encoding.UTF8.GetBytes)], CommandRunner.CleanEnvironment,
                [input.Number, _said.Number, _said.Number], "/"u8.ToArray()))!;
    }

    /// <summary>What it and its job have said on both streams.</summary>
    public string Said => _said.Text();

    /// <summary>The lease's directory.</summary>
    public string Lease => $"{_leases}/run{_process.Pid}.1";

    /// <summary>The machine's domain.</summary>
    public string Domain => $"{MachineSpec.NamePrefix}{Path.GetFileName(Lease)}";

    /// <summary>How others find its machine.</summary>
    public MachineReference Machine
    {
        get
        {
            var machine = Record.GetProperty("machine");
            return new MachineReference(machine.GetProperty("pid").GetInt32(), machine.GetProperty("startTicks").GetInt64(), machine.GetProperty("uuid").GetGuid());
        }
    }

    JsonElement Record => JsonDocument.Parse(File.ReadAllBytes($"{Lease}/record.json")).RootElement;

    /// <summary>Waits until its lease is in this phase.</summary>
    public void Reaches(string phase) => Until($"phase {phase}", () => File.Exists($"{Lease}/record.json") && Record.GetProperty("phase").GetString() == phase);

    /// <summary>Waits until it or its job has said this.</summary>
    public void Says(string text) => Until($"'{text}'", () => Said.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until something is so.</summary>
    public void Until(string what, Func<bool> isSo)
    {
        // A pidfd that ends is an event; the rest is looked at.
        for (var deadline = Deadline.In(s_patience); !isSo();)
            if (_process.Ended(Deadline.In(TimeSpan.FromMilliseconds(50))) && !isSo())
                throw new InvalidOperationException($"it ended before {what}: {Said}");
            else if (deadline.Passed)
                throw new TimeoutException($"{what} did not come: {Said}");
    }

    /// <summary>Sends it a signal.</summary>
    public void Signal(int signal) => _process.Signal(signal);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit status, 128 + n for signal n.</returns>
    public int End() => _process.Ended(Deadline.In(s_patience)) ? ProcessHandle.Reap(_process.Pid) : throw new TimeoutException($"it does not end: {Said}");

    public void Dispose()
    {
        // Of a test that failed: what it has is taken down in order, or the next test would find it.
        _process.Signal(15);
        if (!_process.Ended(Deadline.In(s_patience)))
            _process.Signal(Kill.SIGKILL);
        _process.Ended(Deadline.In(s_patience));
        _process.TryReap();
        _process.Dispose();
        _said.Dispose();
        _input.Dispose();
    }
}
