using System.Text;
using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>Machines as domains of Xen: the toolstack owns them, so they are root's, and only root can stop or end them.</summary>
sealed class XenHypervisor(XenSettings settings) : IHypervisor
{
    const int SshPort = 22;
    const int MostTries = 5;

    static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    static readonly TimeSpan DeathPatience = TimeSpan.FromSeconds(30);

    readonly Xl _xl = new(settings.Xl);

    public Machine Start(MachineSpec spec)
    {
        RequireBootable(spec);
        var configuration = DomainConfiguration.FileOf(spec.Directory, spec.Uuid);
        // The backends open them, too; ours are closed again once they have.
        using var disk = BlockDevice.NumberOf(spec.Disk.Path) is null ? Attach(spec.Disk.Path, readOnly: false) : null;
        using var seed = spec.Seed is null ? null : Attach(spec.Seed, readOnly: true);
        Files.Replace(configuration, Encoding.UTF8.GetBytes(DomainConfiguration.Text(spec, disk?.Path ?? spec.Disk.Path, seed?.Path, settings.Scripts)), 0x180 /* 0600 */);
        using var creation = new DomainCreation(_xl.Program, spec.Name, configuration, new[] { disk, seed }.OfType<LoopDevice>().Select(l => l.Number));
        try
        {
            var id = creation.Wait(Deadline.In(StartPatience));
            var reference = new MachineReference(creation.Guard.Pid, ProcessStatus.Of(creation.Guard.Pid)?.StartTicks ?? 0, spec.Uuid);
            var console = DomainConsole.Listen(spec, id, creation.Guard.PollDescriptor, Deadline.In(StartPatience));
            return new Machine(reference, $"domain {spec.Name}", creation.Guard, console, null, SshPort, () => "",
                () => Find(reference) is { IsPaused: true }, () => DomainConsole.Give(spec));
        }
        catch (Exception e)
        {
            Discard(new MachineReference(creation.Guard.Pid, 0, spec.Uuid));
            creation.Guard.Dispose();
            // The memory of a domain that is not quite gone comes back by itself: the job can run again.
            if (e is ApplianceException { Blame: Blame.Node } && IsOneDying())
                throw new ApplianceException(Blame.Transient, "start machine", spec.Name, e.Message, "a domain that is not quite gone still holds memory: xl list", e);
            throw;
        }
    }

    bool IsOneDying()
    {
        try
        {
            return _xl.List().Any(d => d.IsDying);
        }
        catch (ApplianceException)
        {
            return false;
        }
    }

    // Why it could not be started is what people must hear. If it does not go either, releasing its slot will find that, too.
    void Discard(MachineReference machine)
    {
        try
        {
            Destroy(machine);
        }
        catch (ApplianceException e)
        {
            Journal.Write(Severity.Warning, $"end machine, {machine.Uuid}: {e.Message}");
        }
    }

    // A domain can be saved, but not be resumed from one file many times at once.
    public string? Maker => null;

    public string? Likeness(MachineSpec spec) => null;

    public bool Freeze(string directory, string state) => throw new NotSupportedException("domains are not frozen");

    static void RequireBootable(MachineSpec spec)
    {
        if (spec.Unpacked is null)
            throw new ApplianceException(Blame.Node, "start machine", spec.Name, "its image has no kernel that Xen can start", "import the image again on this node");
        if (spec.Disk.Format != "raw")
            throw new ApplianceException(Blame.Node, "start machine", spec.Name, $"Xen cannot start from a disk in {spec.Disk.Format} format", "set [storage] copy = full, or volume_group");
    }

    static LoopDevice Attach(string file, bool readOnly)
    {
        try
        {
            return LoopDevice.Attach(file, readOnly);
        }
        catch (LinuxException e)
        {
            throw e.Errno == Errno.EBUSY
                ? new ApplianceException(Blame.Transient, "make block device", file, "others took every free loop device", "see who: losetup --list", e)
                : new ApplianceException(Blame.Node, "make block device", file, e.Reason, "load the kernel's module: modprobe loop", e);
        }
    }

    public ConsoleTail Console(string directory) => DomainConsole.Open(directory);

    public void Destroy(MachineReference machine)
    {
        for (var tries = 1; DestroyOnce(machine) is { } rest; tries++)
            if (tries == MostTries)
                throw new ApplianceException(Blame.Node, "end machine", rest, "it does not go", "see: xl list -v");
    }

    // Whoever makes the domain, or takes it down, goes first: what comes or stays after our look would be nobody's for ever.
    /// <returns>What is left, perhaps; null when nothing is.</returns>
    string? DestroyOnce(MachineReference machine)
    {
        var guards = XenGuards.Find(machine.Uuid);
        End(guards);
        if (Find(machine) is not { } domain)
            return guards.Count > 0 ? $"process {guards[0].Pid}" : null;
        _xl.Destroy(domain.Id);
        return $"domain {domain.Name} ({domain.Id})";
    }

    static void End(IReadOnlyList<ProcessHandle> guards)
    {
        foreach (var guard in guards)
        {
            // Its scripts are in its group.
            Kill.Group(guard.Pid, Kill.SIGKILL);
            guard.Signal(Kill.SIGKILL);
        }
        var deadline = Deadline.In(DeathPatience);
        foreach (var guard in guards)
            using (guard)
            {
                guard.Ended(deadline);
                guard.TryReap();
            }
    }

    public bool Exists(MachineReference machine) => Find(machine) is not null;

    public IReadOnlyList<(string Directory, MachineReference Machine)> Machines(string leases)
    {
        var found = XenGuards.Below(leases).DistinctBy(m => m.Machine.Uuid).ToDictionary(m => m.Machine.Uuid);
        // A domain goes on without its guard.
        using var configurations = Configurations();
        foreach (var domain in configurations.RootElement.EnumerateArray())
            if (LeaseOf(domain, leases) is var (directory, uuid))
                found.TryAdd(uuid, (directory, new MachineReference(0, 0, uuid)));
        return [.. found.Values];
    }

    JsonDocument Configurations()
    {
        try
        {
            return JsonDocument.Parse(_xl.Configurations());
        }
        catch (JsonException e)
        {
            throw new ApplianceException(Blame.Node, "ask Xen to list", "domains", "xl does not speak JSON", "set output_format=\"json\" in /etc/xen/xl.conf", e);
        }
    }

    static (string Directory, Guid Uuid)? LeaseOf(JsonElement domain, string leases)
    {
        var note = $"{DomainConfiguration.LeaseNote}{leases}/";
        return domain.TryGetProperty("config", out var configuration)
            && configuration.TryGetProperty("c_info", out var creation) && creation.TryGetProperty("uuid", out var uuid) && Guid.TryParse(uuid.GetString(), out var name)
            && configuration.TryGetProperty("b_info", out var build) && build.TryGetProperty("cmdline", out var arguments)
            && arguments.GetString()!.Split(' ').FirstOrDefault(a => a.StartsWith(note, StringComparison.Ordinal)) is { } lease
            ? (lease[DomainConfiguration.LeaseNote.Length..], name) : null;
    }

    public void Pause(string directory)
    {
        // By its name: pausing a number that is nobody's succeeds. Pauses are counted, and one must be enough to go on.
        if (!Named(directory).IsPaused)
            _xl.Pause(NameOf(directory));
    }

    public void Resume(string directory) => _xl.Unpause(Named(directory).Name);

    public bool IsPaused(string directory) => Host.EffectiveUser == 0 && Named(directory).IsPaused;

    public MachineUsage? Usage(MachineReference machine) =>
        Find(machine) is { } domain ? new MachineUsage(domain.CpuTime, TimeSpan.Zero, domain.MemoryMiB << 10) : null;

    static string NameOf(string directory) => $"{MachineSpec.NamePrefix}{Path.GetFileName(directory)}";

    Domain Named(string directory) => _xl.List().FirstOrDefault(d => d.Name == NameOf(directory))
        ?? throw new ApplianceException(Blame.Transient, "find machine", NameOf(directory), "there is no such domain");

    // One that dies computes no more; what is left of it is memory that a backend has not let go of yet.
    Domain? Find(MachineReference machine) => _xl.List().FirstOrDefault(d => d.Uuid == machine.Uuid && !d.IsDying);
}
