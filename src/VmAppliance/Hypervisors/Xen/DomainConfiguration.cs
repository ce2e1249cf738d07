using System.Globalization;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>The configuration file of a domain: xl.cfg(5).</summary>
static class DomainConfiguration
{
    /// <summary>What the kernel argument begins with that says for which lease a domain runs; the lease's directory follows.</summary>
    public const string LeaseNote = "vmappliance.lease=";

    // A job that powers its machine off, or a kernel that panics, ends the domain at once; nothing is dumped into the node's memory or disk.
    static readonly string[] Ends = [.. new[] { "poweroff", "reboot", "crash", "watchdog", "soft_reset" }.Select(e => $"on_{e} = \"destroy\"")];

    /// <summary>Where the file is in a lease's directory. Its name tells the machine of whoever is at work with it.</summary>
    public static string FileOf(string directory, Guid uuid) => $"{directory}/{uuid}.cfg";

    /// <summary>The file's text.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="disk">The block device of its root disk.</param>
    /// <param name="seed">The block device of its seed disk, if there is one.</param>
    /// <param name="scripts">Where our hotplug scripts are; null takes the toolstack's.</param>
    public static string Text(MachineSpec spec, string disk, string? seed, string? scripts) => string.Join('\n',
    [
        $"name = {Quote(spec.Name)}",
        $"uuid = {Quote(spec.Uuid.ToString())}",
        $"type = {Quote(spec.Model)}",
        $"vcpus = {Number(spec.Cpus)}",
        $"memory = {Number(spec.Memory >> 20)}",
        $"kernel = {Quote(spec.Unpacked!)}",
        .. spec.Initrd is null ? Array.Empty<string>() : [$"ramdisk = {Quote(spec.Initrd)}"],
        $"extra = {Quote($"{KernelArguments(spec.Append)} {LeaseNote}{spec.Directory}")}",
        $"disk = [ {string.Join(", ", Disks(disk, seed, scripts).Select(Quote))} ]",
        $"vif = [ {Quote(Card(spec.Network, scripts))} ]",
        .. Ends,
        "",
    ]);

    /// <summary>The arguments of a kernel on Xen, made of those on QEMU: other names of disk and console, and no hardware that a domain does not have.</summary>
    public static string KernelArguments(string append) => string.Join(' ', append.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(OnXen).OfType<string>());

    static string? OnXen(string argument) => argument switch
    {
        _ when argument.StartsWith("root=/dev/vd", StringComparison.Ordinal) => $"root=/dev/xvd{argument["root=/dev/vd".Length..]}",
        _ when argument.StartsWith("console=ttyS", StringComparison.Ordinal) => "console=hvc0",
        _ when argument.StartsWith("reboot=", StringComparison.Ordinal) => null,
        _ when argument.StartsWith("8250.", StringComparison.Ordinal) || argument.StartsWith("i8042.", StringComparison.Ordinal) => null,
        _ => argument,
    };

    // target comes last: it is the rest of the text, whatever is in it.
    static IEnumerable<string> Disks(string disk, string? seed, string? scripts)
    {
        var script = scripts is null ? "" : $"script={scripts}/vma-block,";
        yield return $"vdev=xvda,access=rw,format=raw,backendtype=phy,{script}target={disk}";
        if (seed is not null)
            yield return $"vdev=xvdb,access=ro,format=raw,backendtype=phy,{script}target={seed}";
    }

    static string Card(MachineNetwork network, string? scripts) =>
        $"mac={network.Mac},bridge={network.Bridge}{(scripts is null ? "" : $",script={scripts}/vma-vif")}";

    static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
