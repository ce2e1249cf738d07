using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;
using static VmAppliance.Modes.Maintenance.Finding;

namespace VmAppliance.Modes.Maintenance;

/// <summary>Looks at what domains of Xen need: this node must be a dom0 with its daemons, memory and scripts.</summary>
sealed class XenCheck(Node node)
{
    const string Capabilities = "/proc/xen/capabilities";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly Xl _xl = new(node.Settings.Xen.Xl);

    /// <summary>All findings, good ones included; where Xen itself is not there, nothing else is asked.</summary>
    public IEnumerable<Finding> Run()
    {
        if (!IsDom0())
            return [Bad("Xen", "this node is no dom0", "boot it under Xen, and mount xenfs on /proc/xen; or set [appliance] hypervisor = qemu")];
        var daemons = Daemons();
        return daemons.Any(d => d.Verdict == "error") ? daemons : [.. daemons, .. Toolstack(), .. Scripts(), Loop(), Suspend()];
    }

    static bool IsDom0()
    {
        try
        {
            return File.ReadAllText(Capabilities).Contains("control_d", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Asked, not looked for: xenstored may be a domain of its own.
    static List<Finding> Daemons()
    {
        var findings = new List<Finding>();
        try
        {
            using var xenstore = new Xenstore(Deadline.In(Patience));
            findings.Add(xenstore.Value("/local/domain/0/name") is { } name ? Good("xenstored", $"answers, this is {name}")
                : Bad("xenstored", "dom0 is not in xenstore", "run xen-init-dom0 after xenstored has been started"));
        }
        catch (ApplianceException e)
        {
            findings.Add(Bad("xenstored", e));
        }
        findings.Add(NodeProcesses.OfRoot("xenconsoled").Any() ? Good("xenconsoled", "runs")
            : Bad("xenconsoled", "it does not run", "systemctl start xenconsoled; without it nobody hears that a machine is ready"));
        return findings;
    }

    IEnumerable<Finding> Toolstack()
    {
        try
        {
            var facts = _xl.Info();
            return [Good("xl", $"{_xl.Program}, Xen {facts.GetValueOrDefault("xen_version", "of an unknown version")}"), Memory(facts), .. Kinds(facts)];
        }
        catch (ApplianceException e)
        {
            return [Bad("xl", e)];
        }
    }

    // What our own machines have will be free for the next ones.
    Finding Memory(IReadOnlyDictionary<string, string> facts)
    {
        var free = long.Parse(facts.GetValueOrDefault("free_memory", "0"), CultureInfo.InvariantCulture)
            + _xl.List().Where(d => d.Name.StartsWith(MachineSpec.NamePrefix, StringComparison.Ordinal)).Sum(d => d.MemoryMiB);
        var text = $"{node.Settings.Slots.Count} slots of {Units.Text(node.Settings.Slots.Memory)}; Xen has {Units.Text(free << 20)} for them";
        return node.Settings.Slots.Count * node.Settings.Slots.Memory <= free << 20 ? Good("memory", text)
            : Warning("memory", text, "give dom0 less (dom0_mem=SIZE,max:SIZE on Xen's command line), or lower [slots] count or memory");
    }

    // xen-3.0-x86_64 hvm-3.0-x86_64 ...
    IEnumerable<Finding> Kinds(IReadOnlyDictionary<string, string> facts)
    {
        var able = facts.GetValueOrDefault("xen_caps", "").Split(' ');
        foreach (var name in node.Images.List().Select(i => i.Name))
            if (node.Settings.Image(name).Machine is var kind && !able.Any(a => a.StartsWith(kind == "pvh" ? "hvm-" : "xen-", StringComparison.Ordinal) && a.EndsWith("-x86_64", StringComparison.Ordinal)))
                yield return Bad("image", $"{name}: this node cannot run machines of type {kind}",
                    kind == "pvh" ? $"set machine = pv in [image:{name}], or switch virtualisation on in the firmware" : $"set machine = pvh in [image:{name}]");
    }

    static Finding Loop() => File.Exists("/dev/loop-control") ? Good("loop", "seed disks can be made of files")
        : Bad("loop", "the kernel has no loop devices, and seed disks are made of files", "modprobe loop");

    IEnumerable<Finding> Scripts()
    {
        if (node.Settings.Xen.Scripts is not { } directory)
            return [Good("scripts", "the toolstack's own; ours start a machine some seconds faster")];
        return new[] { "vma-block", "vma-vif" }.Select(name => $"{directory}/{name}").Where(p => !File.Exists(p) || (File.GetUnixFileMode(p) & UnixFileMode.UserExecute) == 0)
            .Select(p => Bad("scripts", $"{p} is missing, or no program", "set [xen] scripts to where vma-block and vma-vif are, or to stock")).DefaultIfEmpty(Good("scripts", directory));
    }

    static Finding Suspend() => CommandRunner.Find("sudo") is not null ? Good("sudo", "installed; owners may pause their machines as far as sudoers lets them")
        : Warning("sudo", "it is not installed: jobs cannot be suspended, because only root can pause a domain", "install sudo; see vmappliance(8), SUDO");
}
