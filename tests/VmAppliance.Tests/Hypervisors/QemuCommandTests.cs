using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

sealed class QemuCommandTests
{
    static readonly Guid s_uuid = Guid.Parse("01234567-89ab-cdef-0123-456789abcdef");

    sealed class Machine : IDisposable
    {
        public TempDirectory Directory { get; } = new();

        public HandedOver Files { get; } = new("mark");

        public MachineSpec Spec { get; }

        public Machine() => Spec = new MachineSpec("vma-7.1", s_uuid, Directory.Path, new MachineOwner(Host.EffectiveUser, -1, []), 2, 512L << 20, "q35", "auto",
            Directory.Write("kernel", ""), null, Directory.Write("initrd", ""), "root=/dev/vda", new MachineDisk(Directory.Write("7.1.qcow2", ""), "qcow2", Directory.Write("golden.raw", "")),
            new MachineNetwork("52:54:00:01:02:00", null, false), null);

        public IReadOnlyList<string> Arguments(MachineSpec? spec = null, bool kvm = false) =>
            QemuCommand.Arguments(spec ?? Spec, "/usr/bin/qemu", kvm, ["-netdev", "user,id=net"], Files);

        // The file that QEMU finds under a descriptor's number.
        public string? Behind(int number) => new FileInfo($"/proc/self/fd/{Files.Numbers[number]}").LinkTarget;

        public void Dispose()
        {
            Files.Dispose();
            Directory.Dispose();
        }
    }

    static string After(IReadOnlyList<string> arguments, string option, int occurrence = 0) =>
        arguments[arguments.Index().Where(a => a.Item == option).ElementAt(occurrence).Index + 1];

    static int Number(string text, string before) => int.Parse(text[(text.IndexOf(before, StringComparison.Ordinal) + before.Length)..].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public async Task The_machine_is_locked_in_named_and_has_what_was_asked()
    {
        using var machine = new Machine();
        var arguments = machine.Arguments();
        await Assert.That(After(arguments, "-sandbox")).IsEqualTo("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        await Assert.That((arguments[0], After(arguments, "-name"), After(arguments, "-uuid"), After(arguments, "-smp"), After(arguments, "-m")))
            .IsEqualTo(("/usr/bin/qemu", "vma-7.1", s_uuid.ToString(), "2", "512M"));
        await Assert.That(arguments).Contains("-nodefaults").And.Contains("-no-user-config").And.Contains("-no-reboot");
    }

    [Test]
    [Arguments(false, "auto", "q35,accel=tcg", "max")]
    [Arguments(true, "auto", "q35,accel=kvm", "host")]
    [Arguments(true, "Skylake-Server", "q35,accel=kvm", "Skylake-Server")]
    public async Task The_processor_is_the_best_the_accelerator_has_unless_named(bool kvm, string cpu, string model, string chosen)
    {
        using var machine = new Machine();
        var arguments = machine.Arguments(machine.Spec with { Cpu = cpu }, kvm);
        await Assert.That((After(arguments, "-machine"), After(arguments, "-cpu"))).IsEqualTo((model, chosen));
    }

    [Test]
    public async Task Qemu_learns_no_path_of_kernel_disk_or_golden_image()
    {
        using var machine = new Machine();
        var line = string.Join('\n', machine.Arguments(machine.Spec with { Seed = machine.Directory.Write("seed", "") }));
        foreach (var secret in new[] { "kernel", "initrd", "7.1.qcow2", "golden.raw", "seed" })
            await Assert.That(line).DoesNotContain(machine.Directory[secret]);
    }

    [Test]
    public async Task Every_number_leads_to_its_file()
    {
        using var machine = new Machine();
        var arguments = machine.Arguments(machine.Spec with { Seed = machine.Directory.Write("seed", "") });
        await Assert.That(machine.Behind(Number(After(arguments, "-kernel"), "/proc/self/fd/"))).IsEqualTo(machine.Directory["kernel"]);
        await Assert.That(machine.Behind(Number(After(arguments, "-initrd"), "/proc/self/fd/"))).IsEqualTo(machine.Directory["initrd"]);
        var sets = Enumerable.Range(0, 3).Select(i => After(arguments, "-add-fd", i)).ToDictionary(a => Number(a, "set="), a => machine.Behind(Number(a, "fd=")));
        var (root, seed) = (After(arguments, "-blockdev"), After(arguments, "-blockdev", 1));
        await Assert.That(sets[FileOf(root, backing: false)]).IsEqualTo(machine.Directory["7.1.qcow2"]);
        await Assert.That(sets[FileOf(root, backing: true)]).IsEqualTo(machine.Directory["golden.raw"]);
        await Assert.That(sets[FileOf(seed, backing: false)]).IsEqualTo(machine.Directory["seed"]);
    }

    static int FileOf(string node, bool backing)
    {
        using var json = System.Text.Json.JsonDocument.Parse(node);
        var of = backing ? json.RootElement.GetProperty("backing") : json.RootElement;
        return Number(of.GetProperty("file").GetProperty("filename").GetString()!, "/dev/fdset/");
    }

    [Test]
    public async Task Golden_image_kernel_and_seed_are_open_for_reading_only()
    {
        using var machine = new Machine();
        machine.Arguments(machine.Spec with { Seed = machine.Directory.Write("seed", "") });
        foreach (var number in Enumerable.Range(0, machine.Files.Numbers.Count).Where(n => machine.Behind(n) is { } path && !path.EndsWith(".qcow2", StringComparison.Ordinal) && path.StartsWith(machine.Directory.Path, StringComparison.Ordinal)))
        {
            var flags = File.ReadAllLines($"/proc/self/fdinfo/{machine.Files.Numbers[number]}").Single(l => l.StartsWith("flags:", StringComparison.Ordinal));
            await Assert.That(flags[^1]).IsEqualTo('0');
        }
    }

    [Test]
    public async Task Only_the_owner_may_connect_to_monitor_console_and_port()
    {
        using var machine = new Machine();
        machine.Arguments();
        foreach (var name in new[] { "qmp.sock", "console.sock", "port.in", "port.out" })
            await Assert.That((int)File.GetUnixFileMode(machine.Directory[name])).IsEqualTo(0x180);
    }

    [Test]
    public async Task A_second_start_in_the_same_directory_is_no_hindrance()
    {
        using var machine = new Machine();
        machine.Arguments();
        using var again = new HandedOver("mark");
        await Assert.That(QemuCommand.Arguments(machine.Spec, "qemu", false, [], again)).IsNotEmpty();
    }

    [Test]
    public async Task Standard_streams_are_nothing_and_bounded_memory()
    {
        using var machine = new Machine();
        machine.Arguments(machine.Spec with { Seed = machine.Directory.Write("seed", "") });
        await Assert.That(machine.Behind(0)).IsEqualTo("/dev/null");
        await Assert.That((machine.Behind(1), machine.Behind(2))).IsEqualTo(("/memfd:mark (deleted)", "/memfd:mark (deleted)"));
    }

    [Test]
    public async Task The_port_is_two_open_pipes_as_standard_input_and_output()
    {
        using var machine = new Machine();
        var arguments = machine.Arguments();
        await Assert.That(arguments).Contains("stdio,id=port,signal=off").And.Contains("virtserialport,chardev=port,name=org.vmappliance.0");
        await Assert.That((machine.Behind(0), machine.Behind(1))).IsEqualTo((machine.Directory["port.in"], machine.Directory["port.out"]));
        await Assert.That(machine.Behind(2)).IsEqualTo("/memfd:mark (deleted)");
    }

    // Its account may have no way to the lease's directory: /proc/self/fd and /dev/fdset lead to what is open already.
    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task Qemu_is_told_no_name_in_the_leases_directory_that_it_would_have_to_open(bool resumed)
    {
        using var machine = new Machine();
        using var memory = Descriptor.Memory("test", 1 << 20);
        var frozen = resumed ? new MachineMemory(memory, machine.Directory.Write("state", "")) : null;
        var arguments = machine.Arguments(machine.Spec with { Frozen = frozen });
        await Assert.That(arguments.Where(a => a.Contains(machine.Directory.Path, StringComparison.Ordinal)))
            .IsEquivalentTo([$"{QemuCommand.LeaseNote}{machine.Directory.Path}"]);
    }

    [Test]
    [Arguments(MemoryAccess.Open, "/proc/self/fd/", "")]
    [Arguments(MemoryAccess.ReadOnly, "/proc/self/fd/", ",readonly=on,rom=off")]
    [Arguments(MemoryAccess.Broker, QemuCommand.PreciousMemory, "")]
    public async Task Memory_of_a_template_is_asked_for_as_this_qemu_can(object access, string path, string more)
    {
        using var machine = new Machine();
        using var memory = Descriptor.Memory("test", 1 << 20);
        var frozen = new MachineMemory(memory, machine.Directory.Write("state", ""), (MemoryAccess)access);
        var backend = After(machine.Arguments(machine.Spec with { Frozen = frozen }), "-object");
        await Assert.That(backend).StartsWith($"memory-backend-file,id=ram,size=512M,share=off,mem-path={path}");
        await Assert.That(backend.Contains("readonly", StringComparison.Ordinal)).IsEqualTo(more != "");
        await Assert.That(backend).EndsWith(more);
    }
}
