using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>With an xl of the test's own: what a real one does only now and then.</summary>
sealed class XenHypervisorTests
{
    // Each test its own: they end the processes of a machine.
    readonly Guid _uuid = Guid.NewGuid();

    // A domain as xl list -v shows it.
    string Domain(string state) => $"vma-7.1 3 255 1 {state} 4.1 {_uuid} - -";

    static XenHypervisor Hypervisor(TempDirectory directory, string script) =>
        new(new XenSettings(FakeXl.Write(directory, $"echo \"$*\" >>{directory["asked"]}\n{script}"), null));

    static string[] Asked(TempDirectory directory) => File.Exists(directory["asked"]) ? File.ReadAllLines(directory["asked"]) : [];

    MachineSpec Spec(TempDirectory directory) => new("vma-7.1", _uuid, directory.Path, new MachineOwner(65534, 65534, []), 1, 128L << 20, "pv", "auto",
        directory["kernel"], directory["vmlinux"], null, "quiet", new MachineDisk(directory.Write("disk", new string('\0', 1 << 20)), "raw", null), new MachineNetwork("00:16:3e:01:02:00", "br0", false), null);

    [Test]
    [Arguments("--p---", 1)]
    [Arguments("-b----", 2)]
    public async Task A_machine_that_is_paused_is_not_paused_again_because_pauses_are_counted(string state, int questions)
    {
        using var directory = new TempDirectory();
        Hypervisor(directory, $"echo '{Domain(state)}'").Pause($"{directory.Path}/7.1");
        await Assert.That(string.Join(' ', Asked(directory))).IsEqualTo(questions == 1 ? "list -v" : "list -v pause vma-7.1");
    }

    [Test]
    public async Task A_machine_that_dies_is_gone_as_far_as_anybody_can_do_something_about_it()
    {
        using var directory = new TempDirectory();
        var hypervisor = Hypervisor(directory, $"echo '{Domain("---s-d")}'");
        var machine = new MachineReference(0, 0, _uuid);
        hypervisor.Destroy(machine);
        await Assert.That((hypervisor.Exists(machine), hypervisor.Usage(machine))).IsEqualTo((false, null));
        await Assert.That(Asked(directory)).DoesNotContain("destroy 3");
    }

    [Test]
    public async Task A_machine_that_does_not_go_is_a_failure_in_the_end()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Hypervisor(directory, $"echo '{Domain("-b----")}'").Destroy(new MachineReference(0, 0, _uuid)));
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(("end machine, domain vma-7.1 (3): it does not go", Blame.Node));
    }

    [Test]
    [RequiresLoopDevices]
    [Arguments("--p--d", Blame.Transient)]
    [Arguments("------", Blame.Node)]
    public async Task Memory_that_a_dying_domain_still_holds_is_not_the_nodes_fault(string state, Blame blame)
    {
        using var directory = new TempDirectory();
        var hypervisor = Hypervisor(directory, $"test $1 = create || {{ echo 'other 4 0 1 {state} 0.0 {Guid.NewGuid()} - -'; exit 0; }}\necho 'libxl: error: not enough memory' >&2\nexit 3");
        var failure = Assert.Throws<ApplianceException>(() => hypervisor.Start(Spec(directory)));
        await Assert.That(failure.Blame).IsEqualTo(blame);
        await Assert.That(failure.Message).EndsWith("not enough memory");
    }

    [Test]
    [RequiresLoopDevices]
    public async Task Xl_holds_the_devices_itself_so_that_nobody_gets_them_while_it_still_looks_for_them()
    {
        using var directory = new TempDirectory();
        var hypervisor = Hypervisor(directory, $"test $1 = create && ls -l /proc/$$/fd >{directory["held"]}\nexit 3");
        Assert.Throws<ApplianceException>(() => hypervisor.Start(Spec(directory)));
        await Assert.That(File.ReadAllText(directory["held"])).Contains("/dev/loop");
    }

    [Test]
    public async Task A_list_that_is_no_json_is_told_with_the_setting_that_makes_it_so()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Hypervisor(directory, "echo '(domain (domid 0))'").Machines("/leases"));
        await Assert.That(failure.Hint).Contains("/etc/xen/xl.conf");
    }

    [Test]
    [RequiresRoot]
    public async Task Domains_without_a_guard_are_found_by_the_lease_in_their_kernels_arguments()
    {
        // Other tests have guards below /leases, at the same time.
        using var directory = new TempDirectory();
        var json = $$"""[{"domid":0,"config":{"c_info":{"type":"pv"} } },{"domid":3,"config":{"c_info":{"uuid":"{{_uuid}}"},"b_info":{"cmdline":"quiet vmappliance.lease=/only-here/7.1"} } }]""";
        var hypervisor = Hypervisor(directory, $"cat <<'END'\n{json}\nEND");
        await Assert.That(hypervisor.Machines("/only-here").Single()).IsEqualTo(("/only-here/7.1", new MachineReference(0, 0, _uuid)));
        await Assert.That(hypervisor.Machines("/only-her")).IsEmpty();
    }
}
