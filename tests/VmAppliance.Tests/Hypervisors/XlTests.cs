using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Xen;

namespace VmAppliance.Tests.Hypervisors;

sealed class XlTests
{
    static Xl With(TempDirectory directory, string script) => new(FakeXl.Write(directory, $"echo \"$*\" >>{directory["asked"]}\n{script}"));

    static string Asked(TempDirectory directory) => File.ReadAllText(directory["asked"]).TrimEnd('\n');

    [Test]
    [Arguments("libxl: error: libxl_device.c:1109:device_backend_callback: Domain 5:unable to add device with path /local/domain/0/backend/vbd/5/51712",
        "unable to add device with path /local/domain/0/backend/vbd/5/51712")]
    [Arguments("libxl: error: libxl_create.c:1281:initiate_domain_create: Unable to set domain info", "Unable to set domain info")]
    [Arguments("xc: error: panic: xc_dom_boot.c:120: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory",
        "panic: xc_dom_boot.c:120: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of memory")]
    [Arguments("failed to free memory for the domain", "failed to free memory for the domain")]
    [Arguments("Domain 5 has been destroyed.", "Domain 5 has been destroyed.")]
    [Arguments("", "it gave no reason")]
    [Arguments(" \n\n", "it gave no reason")]
    public async Task A_reason_is_what_a_person_needs_of_what_xl_says(string said, string reason) => await Assert.That(Xl.Reason(said)).IsEqualTo(reason);

    [Test]
    public async Task Of_several_errors_the_first_is_the_reason() => await Assert.That(Xl.Reason("""
        Parsing config from /run/vmappliance/leases/7.1/x.cfg
        libxl: warning: libxl_create.c:90:domain_config: something else
        libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: /etc/xen/scripts/block add [211] exited with error status 1
        libxl: error: libxl_device.c:1259:device_hotplug_child_death_cb: script: losetup failed
        libxl: error: libxl_create.c:1643:domcreate_launch_dm: Domain 3:unable to add disk devices
        """)).IsEqualTo("/etc/xen/scripts/block add [211] exited with error status 1");

    [Test]
    public async Task Where_nothing_is_called_an_error_the_last_line_is_the_reason() =>
        await Assert.That(Xl.Reason("Parsing config from /x.cfg\n/x.cfg:3: config parsing error near `q'\n\n")).IsEqualTo("/x.cfg:3: config parsing error near `q'");

    [Test]
    public async Task The_domains_are_those_of_the_long_list()
    {
        using var directory = new TempDirectory();
        var domains = With(directory, """
            cat <<'END'
            Name                                        ID   Mem VCPUs	State	Time(s)   UUID                            Reason-Code	Security Label
            Domain-0                                     0  1024     1     r-----      20.3 00000000-0000-0000-0000-000000000000        -                -
            vma-7.1                                      3   255     1     -b----       4.1 4cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b11        -                -
            END
            """).List();
        await Assert.That((string.Join(' ', domains.Select(d => $"{d.Id}={d.Name}")), Asked(directory))).IsEqualTo(("0=Domain-0 3=vma-7.1", "list -v"));
    }

    [Test]
    public async Task Facts_are_had_by_name_and_may_have_colons_in_them()
    {
        using var directory = new TempDirectory();
        var facts = With(directory, "echo 'free_memory            : 3000'\necho 'virt_caps              : pv hvm'\necho 'xen_commandline        : dom0_mem=1024M,max:1024M'\necho nonsense").Info();
        await Assert.That((facts["free_memory"], facts["virt_caps"], facts["xen_commandline"], facts.Count)).IsEqualTo(("3000", "pv hvm", "dom0_mem=1024M,max:1024M", 3));
    }

    [Test]
    public async Task Each_verb_is_a_command_of_xl()
    {
        using var directory = new TempDirectory();
        var xl = With(directory, "");
        xl.Pause("vma-7.1");
        xl.Unpause("vma-7.1");
        xl.Shutdown("vma-7.1");
        xl.Save("vma-7.1", "/file");
        xl.Restore("/file");
        await Assert.That(xl.Destroy(3)).IsTrue();
        await Assert.That(Asked(directory)).IsEqualTo("pause vma-7.1\nunpause vma-7.1\nshutdown -w vma-7.1\nsave vma-7.1 /file\nrestore -e /file\ndestroy 3");
    }

    [Test]
    public async Task What_Xen_refuses_is_the_nodes_fault_and_has_its_reason()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => With(directory, "echo 'libxl: error: libxl_utils.c:820:libxl_domain_qualifier_to_domid: Domain 9:not there' >&2\nexit 1").Pause("vma-7.1"));
        await Assert.That((failure.Message, failure.Blame, failure.Hint)).IsEqualTo(("ask Xen to pause, vma-7.1: not there", Blame.Node, "vmappliance maintenance check tells what this node lacks"));
    }

    [Test]
    public async Task A_list_that_cannot_be_had_is_a_failure_and_not_an_empty_one()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => With(directory, "exit 1").List());
        await Assert.That(failure.Message).IsEqualTo("ask Xen to list, -v: it gave no reason");
    }

    [Test]
    public async Task Ending_a_domain_that_is_gone_is_no_failure()
    {
        using var directory = new TempDirectory();
        await Assert.That(With(directory, "echo 'libxl: error: no such domain' >&2\nexit 1").Destroy(3)).IsFalse();
    }

    [Test]
    public async Task A_toolstack_that_is_not_there_is_named_with_what_to_do()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => new Xl(directory["none"]).List());
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(($"find Xen's toolstack, {directory["none"]}: it is not installed", Blame.Node));
        await Assert.That(failure.Hint).StartsWith("install xen-utils (Debian) or xen-runtime (EL)");
    }

    [Test]
    public async Task A_toolstack_that_is_named_is_taken_wherever_it_is()
    {
        using var directory = new TempDirectory();
        await Assert.That(new Xl(FakeXl.Write(directory, "")).Program).IsEqualTo(directory["xl"]);
    }
}
