using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>Machines as QEMU processes: one each, with its owner's rights and nothing more.</summary>
sealed class QemuHypervisor(ApplianceSettings settings) : IHypervisor
{
    const int SIGKILL = 9;
    const int PortAttempts = 5;

    KvmProof? _kvm;

    static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(20);
    static readonly TimeSpan DeathPatience = TimeSpan.FromSeconds(30);

    // The thread of an emulated processor asks for memory without end; in an arena of its own it would get it page by page: mallopt(3).
    static readonly IReadOnlyList<byte[]> s_emulators = [.. CommandRunner.CleanEnvironment, "MALLOC_ARENA_MAX=1"u8.ToArray()];

    /// <summary>QEMU's path.</summary>
    /// <exception cref="ApplianceException">It is not installed.</exception>
    public string Program => Installed ?? throw new ApplianceException(Blame.Node, "find QEMU", settings.Qemu == "auto" ? "qemu-system-x86_64" : settings.Qemu, "it is not installed",
            "install qemu-system-x86 (Debian) or qemu-kvm (EL), or set [appliance] qemu");

    // Asked several times for one job, and the answer can take seconds.
    KvmProof Kvm => _kvm ??= new KvmProof(settings, Program);

    string? Installed => settings.Qemu == "auto" ? CommandRunner.Find("qemu-system-x86_64") ?? CommandRunner.Find("qemu-kvm")
        : File.Exists(settings.Qemu) ? settings.Qemu : null;

    public Machine Start(MachineSpec spec)
    {
        if (spec.Owner.Uid == 0)
            throw new ApplianceException(Blame.Job, "start machine", spec.Name, "its owner would be root", "a machine runs with its owner's rights; choose another owner");
        var program = Program;
        var kvm = Kvm.Decide();
        if (kvm)
            spec = spec with { Owner = spec.Owner with { Groups = [.. spec.Owner.Groups.Union(KvmProof.DeviceGroups())] } };
        for (var attempt = 1; ; attempt++)
        {
            using var files = new HandedOver(QemuProcesses.Mark(spec.Uuid, spec.Directory));
            var network = QemuNetwork.Prepare(spec.Network, files);
            var arguments = QemuCommand.Arguments(spec, program, kvm, network.Arguments, files);
            if (StartOnce(spec, arguments, kvm ? CommandRunner.CleanEnvironment : s_emulators, network, files, attempt == PortAttempts) is { } machine)
                return machine;
        }
    }

    public string? Maker => Installed is { } path && new FileInfo(path) is var program
        ? string.Create(CultureInfo.InvariantCulture, $"{program.FullName} {program.Length} {program.LastWriteTimeUtc:O}") : null;

    public string? Likeness(MachineSpec spec)
    {
        if (spec.Seed is not null)
            return null;
        var kvm = Kvm.Decide();
        return string.Create(CultureInfo.InvariantCulture, $"{Maker}, {spec.Model}, {(kvm ? "kvm" : "tcg")}, "
            + $"{QemuCommand.Cpu(spec, kvm)}{(kvm ? $" of {Processor.Description()}" : "")}, {spec.Cpus} cpus, {spec.Memory} bytes, {(spec.Network.Bridge is null ? "user" : "tap")}");
    }

    public bool Freeze(string directory, string state) => QemuMigration.Save(directory, state);

    /// <returns>Null when the forwarded port was taken by somebody else meanwhile.</returns>
    static Machine? StartOnce(MachineSpec spec, IReadOnlyList<string> arguments, IReadOnlyList<byte[]> environment, QemuNetwork network, HandedOver files, bool last)
    {
        int? state = spec.Frozen?.State is { } file ? files.Open(file, OpenMode.Read) : null;
        using var launched = Launched.By(() => Launch(spec, arguments, environment, files), spec.Frozen);
        var pid = launched.Pid;
        var process = ProcessHandle.Open(pid)!;
        files.CloseOwn();
        // The reader outlives this method: it holds a copy of the descriptor of its own.
        var errors = Descriptor.Open($"/proc/self/fd/{files.Errors.Number}", OpenMode.Read);
        try
        {
            var console = ConsoleTail.Over(files.Client($"{spec.Directory}/{QemuCommand.ConsoleSocket}"));
            using (var monitor = QmpClient.Over(files.Client($"{spec.Directory}/{QemuCommand.MonitorSocket}"), Deadline.In(StartPatience), process.PollDescriptor))
            {
                if (state is { } number)
                    QemuMigration.Load(monitor, number);
                var reference = new MachineReference(pid, ProcessStatus.Of(pid)?.StartTicks ?? 0, spec.Uuid);
                return new Machine(reference, $"process {pid}", process, console, network.Address, network.Port, errors.Text, () => ProcessStatus.Of(pid) is { IsStopped: true });
            }
        }
        catch (Exception e)
        {
            End(process);
            var said = errors.Text().Trim();
            errors.Dispose();
            if (network.IsPortTaken(said) && !last)
                return null;
            // QEMU says what this node lacks, or its owner does in its name; one that ends without a word was ended by somebody, perhaps the owner.
            throw said.Length > 0
                ? new ApplianceException(Blame.Machine, "start machine", spec.Name, said.Split('\n')[^1], "vmappliance maintenance check tells what this node lacks", e)
                : new ApplianceException(Blame.Transient, "start machine", spec.Name, $"QEMU ended without a word ({e.Message})", null, e);
        }
    }

    /// <summary>QEMU, and who opens the memory for it that it must not be able to write: it would open it for writing, though it never does.</summary>
    sealed record Launched(int Pid, OpenBroker? Broker) : IDisposable
    {
        public static Launched By(Func<int> launch, MachineMemory? memory)
        {
            if (memory is not { Access: MemoryAccess.Broker })
                return new Launched(launch(), null);
            var (pid, broker) = OpenBroker.Start(QemuCommand.PreciousMemory, memory.File, launch);
            return new Launched(pid, broker);
        }

        public void Dispose() => Broker?.Dispose();
    }

    static int Launch(MachineSpec spec, IReadOnlyList<string> arguments, IReadOnlyList<byte[]> environment, HandedOver files)
    {
        string[] drop = ["setpriv", $"--reuid={(uint)spec.Owner.Uid}", $"--regid={(uint)spec.Owner.Gid}",
            .. Groups(spec.Owner), "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"];
        return Spawn.Start("setpriv", [.. drop.Concat(arguments).Select(System.Text.Encoding.UTF8.GetBytes)],
            environment, files.Numbers, "/"u8.ToArray());
    }

    static string[] Groups(MachineOwner owner)
    {
        var groups = owner.Groups.Distinct().Select(g => (uint)g).ToList();
        return groups.Count == 0 ? ["--clear-groups"] : [$"--groups={string.Join(',', groups)}"];
    }

    public void Destroy(MachineReference machine)
    {
        // Its owner can have lent its mark to several, and to some that begin others: one look, one deadline, or this would end when he likes.
        var (found, deadline) = (Find(machine), Deadline.In(DeathPatience));
        try
        {
            foreach (var process in found)
                process.Signal(SIGKILL);
            foreach (var process in found)
                Bury(process, deadline);
        }
        finally
        {
            LetGo(found);
        }
    }

    static void Bury(ProcessHandle process, Deadline deadline)
    {
        if (!process.Ended(deadline))
            throw new ApplianceException(Blame.Node, "end machine", $"process {process.Pid}", "it does not die", "it may hang in the kernel: see /proc/PID/stack");
        process.TryReap();
    }

    public bool Exists(MachineReference machine)
    {
        var found = Find(machine);
        LetGo(found);
        return found.Count > 0;
    }

    public IReadOnlyList<(string Directory, MachineReference Machine)> Machines(string leases) => QemuProcesses.Below(leases);

    public ConsoleTail Console(string directory) => ConsoleTail.Connect($"{directory}/{QemuCommand.ConsoleSocket}");

    public void Pause(string directory) => Command(directory, "stop");

    public void Resume(string directory) => Command(directory, "cont");

    public bool IsPaused(string directory)
    {
        try
        {
            return Command(directory, "query-status").Contains("\"paused\"", StringComparison.Ordinal);
        }
        catch (ApplianceException)
        {
            return false;
        }
    }

    public MachineUsage? Usage(MachineReference machine)
    {
        var found = Find(machine);
        var usage = found.Select(p => ProcessStatus.Of(p.Pid)).OfType<ProcessStatus>()
            .Select(s => new MachineUsage(s.UserTime, s.SystemTime, s.PeakMemoryKiB)).FirstOrDefault();
        LetGo(found);
        return usage;
    }

    static string Command(string directory, string command)
    {
        using var monitor = QmpClient.Connect($"{directory}/{QemuCommand.MonitorSocket}", Deadline.In(CommandPatience));
        return monitor.Execute(command);
    }

    // Between starting QEMU and writing its pid down a hook can be killed: then only its mark, with the uuid that is on record before, finds it.
    static IReadOnlyList<ProcessHandle> Find(MachineReference machine) => machine.Pid == 0 ? QemuProcesses.Find(machine.Uuid)
        : ProcessHandle.Open(machine.Pid, machine.StartTicks) is { } process ? [process] : [];

    static void LetGo(IReadOnlyList<ProcessHandle> processes)
    {
        foreach (var process in processes)
            process.Dispose();
    }

    static void End(ProcessHandle process)
    {
        process.Signal(SIGKILL);
        process.Ended(Deadline.In(DeathPatience));
        process.TryReap();
        process.Dispose();
    }
}
