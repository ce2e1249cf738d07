using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;
using static VmAppliance.Modes.Maintenance.Finding;

namespace VmAppliance.Modes.Maintenance;

/// <summary>Looks at what machines of QEMU need.</summary>
sealed class QemuCheck(Node node, QemuHypervisor hypervisor)
{
    const int LongestSocketPath = 107; // sun_path of unix(7), its NUL not counted

    /// <summary>All findings, good ones included.</summary>
    public IEnumerable<Finding> Run() => [Qemu(), Machine(), Kvm(), Memory(), Sockets()];

    Finding Qemu()
    {
        try
        {
            return Good("QEMU", CommandRunner.Require("ask version", [hypervisor.Program, "--version"]).Split('\n')[0]);
        }
        catch (ApplianceException e)
        {
            return Bad("QEMU", e);
        }
    }

    Finding Machine()
    {
        try
        {
            var trouble = QemuTrial.Trouble(hypervisor.Program, "q35", node.Settings.Network.Kind == NetworkKind.User);
            return trouble is null ? Good("machine", "QEMU can start one as an account that may nothing on this node")
                : Bad("machine", trouble, $"machines need this of {hypervisor.Program}, which any account must be able to run");
        }
        catch (ApplianceException e)
        {
            return Bad("machine", e);
        }
    }

    Finding Kvm()
    {
        if (node.Settings.Appliance.Acceleration == Acceleration.Tcg)
            return Warning("KVM", "not used, as [appliance] accel = tcg says", "machines are emulated in software: ten times slower");
        try
        {
            var verdict = new KvmProof(node.Settings.Appliance, hypervisor.Program).Verdict();
            return verdict.Works ? Good("KVM", verdict.Reason)
                : node.Settings.Appliance.Acceleration == Acceleration.Kvm ? Bad("KVM", verdict.Reason, "set [appliance] accel = auto, or mend KVM")
                : Warning("KVM", verdict.Reason, "machines are emulated in software: ten times slower. Is virtualisation switched on in the firmware?");
        }
        catch (ApplianceException e)
        {
            return Bad("KVM", e);
        }
    }

    Finding Memory()
    {
        var (wanted, there) = (node.Settings.Slots.Count * node.Settings.Slots.Memory, MemoryInfo.Of("MemTotal"));
        var text = $"{node.Settings.Slots.Count} slots of {Units.Text(node.Settings.Slots.Memory)} on a node with {Units.Text(there >> 20 << 20)}";
        return wanted <= there ? Good("memory", text) : Warning("memory", text, "lower [slots] count or memory, or machines will be killed for lack of memory");
    }

    Finding Sockets()
    {
        var longest = $"{node.Leases.DirectoryOf(new Batch.JobKey(new string('9', 20), 999_999))}/{QemuCommand.ConsoleSocket}";
        return longest.Length <= LongestSocketPath ? Good("run_dir", node.Settings.Appliance.RunDirectory)
            : Bad("run_dir", $"{node.Settings.Appliance.RunDirectory} is too long for the names of sockets in it", "choose a shorter path for [appliance] run_dir");
    }
}
