using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Xen;

namespace VmAppliance.Tests.Hypervisors;

sealed class DomainConfigurationTests
{
    const string Scripts = "/usr/libexec/vmappliance/xen";

    static readonly MachineSpec s_spec = new("vma-7.1", Guid.Parse("01234567-89ab-cdef-0123-456789abcdef"), "/run/vmappliance/leases/7.1", new MachineOwner(1001, 1001, []), 2, 512L << 20,
        "pv", "auto", "/images/kernel", "/images/vmlinux", "/images/initrd", "root=/dev/vda rw quiet", new MachineDisk("/disks/7.1.raw", "raw", null),
        new MachineNetwork("00:16:3e:01:02:00", "vmabr0", false), "/run/vmappliance/leases/7.1/seed");

    // The lines as a table; the value of a key that is there twice would be a failure here.
    static Dictionary<string, string> Read(MachineSpec spec, string disk = "/dev/loop7", string? seed = null, string? scripts = Scripts) =>
        DomainConfiguration.Text(spec, disk, seed, scripts).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(" = ", 2)).ToDictionary(l => l[0], l => l[1]);

    [Test]
    public async Task The_file_is_all_that_xl_is_told() =>
        await Assert.That(DomainConfiguration.Text(s_spec, "/dev/loop7", "/dev/loop8", Scripts)).IsEqualTo("""
            name = "vma-7.1"
            uuid = "01234567-89ab-cdef-0123-456789abcdef"
            type = "pv"
            vcpus = 2
            memory = 512
            kernel = "/images/vmlinux"
            ramdisk = "/images/initrd"
            extra = "root=/dev/xvda rw quiet vmappliance.lease=/run/vmappliance/leases/7.1"
            disk = [ "vdev=xvda,access=rw,format=raw,backendtype=phy,script=/usr/libexec/vmappliance/xen/vma-block,target=/dev/loop7", "vdev=xvdb,access=ro,format=raw,backendtype=phy,script=/usr/libexec/vmappliance/xen/vma-block,target=/dev/loop8" ]
            vif = [ "mac=00:16:3e:01:02:00,bridge=vmabr0,script=/usr/libexec/vmappliance/xen/vma-vif" ]
            on_poweroff = "destroy"
            on_reboot = "destroy"
            on_crash = "destroy"
            on_watchdog = "destroy"
            on_soft_reset = "destroy"

            """);

    [Test]
    public async Task Without_a_seed_there_is_one_disk_and_without_an_initrd_no_ramdisk()
    {
        var file = Read(s_spec with { Seed = null, Initrd = null });
        await Assert.That(file["disk"]).IsEqualTo($"[ \"vdev=xvda,access=rw,format=raw,backendtype=phy,script={Scripts}/vma-block,target=/dev/loop7\" ]");
        await Assert.That(file.ContainsKey("ramdisk")).IsFalse();
    }

    [Test]
    public async Task The_toolstacks_own_scripts_are_not_named()
    {
        var file = Read(s_spec, seed: "/dev/loop8", scripts: null);
        await Assert.That(file["disk"]).IsEqualTo("[ \"vdev=xvda,access=rw,format=raw,backendtype=phy,target=/dev/loop7\", \"vdev=xvdb,access=ro,format=raw,backendtype=phy,target=/dev/loop8\" ]");
        await Assert.That(file["vif"]).IsEqualTo("[ \"mac=00:16:3e:01:02:00,bridge=vmabr0\" ]");
    }

    [Test]
    public async Task Memory_is_whole_mebibytes_and_the_type_is_the_images()
    {
        var file = Read(s_spec with { Memory = (300L << 20) + 4096, Model = "pvh" });
        await Assert.That((file["memory"], file["type"])).IsEqualTo(("300", "\"pvh\""));
    }

    [Test]
    [Arguments("a\"b", "a\\\"b")]
    [Arguments("a\\b", "a\\\\b")]
    [Arguments("a\\\"b", "a\\\\\\\"b")]
    [Arguments("a'b c#d;e", "a'b c#d;e")]
    public async Task No_value_ends_its_own_quotes(string value, string quoted)
    {
        var file = Read(s_spec with { Name = value, Unpacked = value, Initrd = value, Directory = value, Append = value, Network = s_spec.Network with { Bridge = value } }, disk: value, seed: value, scripts: value);
        await Assert.That((file["name"], file["kernel"], file["ramdisk"])).IsEqualTo(($"\"{quoted}\"", $"\"{quoted}\"", $"\"{quoted}\""));
        await Assert.That(file["extra"]).IsEqualTo($"\"{quoted} vmappliance.lease={quoted}\"");
        await Assert.That(file["vif"]).IsEqualTo($"[ \"mac=00:16:3e:01:02:00,bridge={quoted},script={quoted}/vma-vif\" ]");
        await Assert.That(file["disk"]).EndsWith($"script={quoted}/vma-block,target={quoted}\" ]");
    }

    [Test]
    [Arguments(null)]
    [Arguments(Scripts)]
    public async Task The_target_is_the_rest_of_a_disks_text_whatever_is_in_it(string? scripts)
    {
        var file = Read(s_spec, disk: "/dev/mapper/a,b=c", seed: "/dev/x,y", scripts: scripts);
        await Assert.That(file["disk"]).Contains(",target=/dev/mapper/a,b=c\", ").And.EndsWith(",target=/dev/x,y\" ]");
    }

    [Test]
    [Arguments("root=/dev/vda1", "root=/dev/xvda1")]
    [Arguments("root=/dev/vda", "root=/dev/xvda")]
    [Arguments("root=/dev/vdb2 rootwait", "root=/dev/xvdb2 rootwait")]
    [Arguments("root=UUID=0123 ro", "root=UUID=0123 ro")]
    [Arguments("root=/dev/sda1", "root=/dev/sda1")]
    [Arguments("console=ttyS0", "console=hvc0")]
    [Arguments("console=ttyS0,115200n8", "console=hvc0")]
    [Arguments("console=tty0 console=ttyS1", "console=tty0 console=hvc0")]
    [Arguments("reboot=t", "")]
    [Arguments("8250.nr_uarts=1 i8042.noaux i8042.nokbd", "")]
    [Arguments("panic=-1 noreboot=t x8250.y=1", "panic=-1 noreboot=t x8250.y=1")]
    [Arguments("b=2 root=/dev/vda a=1 reboot=t  c=3 ", "b=2 root=/dev/xvda a=1 c=3")]
    [Arguments("", "")]
    public async Task Kernel_arguments_are_those_of_a_domain_in_the_same_order(string append, string onXen) =>
        await Assert.That(DomainConfiguration.KernelArguments(append)).IsEqualTo(onXen);

    [Test]
    public async Task The_file_lies_in_the_leases_directory_and_its_name_is_the_machines() =>
        await Assert.That(DomainConfiguration.FileOf(s_spec.Directory, s_spec.Uuid)).IsEqualTo("/run/vmappliance/leases/7.1/01234567-89ab-cdef-0123-456789abcdef.cfg");
}
