using System.Text.Json;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>
/// Whether a QEMU can do what machines need: one with their devices, locked in as they are, that ends before it computes anything. It runs as an
/// account that may nothing on this node, so that whatever only root can reach, such as its firmware, is found missing, too.
/// </summary>
static class QemuTrial
{
    const string Account = "65534";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // QEMU's answers to these are lines of its standard output.
    static readonly byte[] s_commands =
    [
        .. """{"execute":"qmp_capabilities"}"""u8, (byte)'\n',
        .. """{"execute":"migrate-set-capabilities","arguments":"""u8, .. System.Text.Encoding.ASCII.GetBytes(QemuMigration.Capabilities), .. "}\n"u8,
        .. """{"execute":"quit"}"""u8, (byte)'\n',
    ];

    /// <summary>Runs it.</summary>
    /// <param name="program">QEMU's path.</param>
    /// <param name="model">The machine type.</param>
    /// <param name="userNetwork">Whether machines have QEMU's user-mode network.</param>
    /// <returns>What it cannot do, in its own words; null when there is nothing.</returns>
    /// <exception cref="Diagnostics.ApplianceException">It does not end, or there is no setpriv.</exception>
    public static string? Trouble(string program, string model, bool userNetwork)
    {
        var result = CommandRunner.Run(["setpriv", $"--reuid={Account}", $"--regid={Account}", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
            "--bounding-set=-all", "--", .. Arguments(program, model, userNetwork)], Patience, s_commands);
        return result.Status != 0 ? Words(result)
            : result.Output.Split('\n').Where(l => l.StartsWith("{\"error\"", StringComparison.Ordinal)).Select(Description).FirstOrDefault();
    }

    static IEnumerable<string> Arguments(string program, string model, bool userNetwork) =>
    [
        program, "-machine", $"{model},accel=tcg,memory-backend=ram", "-cpu", "max", "-m", "16M", "-object", "memory-backend-ram,id=ram,size=16M",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S", "-sandbox", QemuCommand.Sandbox,
        "-chardev", "stdio,id=monitor,signal=off", "-mon", "chardev=monitor,mode=control",
        "-blockdev", "null-co,node-name=disk", "-device", "virtio-blk-pci,drive=disk",
        "-netdev", userNetwork ? "user,id=net" : "hubport,id=net,hubid=0", "-device", "virtio-net-pci,netdev=net,romfile=",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        "-chardev", "null,id=port", "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port,name=org.vmappliance.0",
        .. QemuCommand.Generation(model, Guid.Empty),
    ];

    static string Words(CommandResult result) => result.LastError.Length > 0 ? result.LastError : $"it ended with status {result.Status}";

    static string Description(string line)
    {
        try
        {
            using var answer = JsonDocument.Parse(line);
            return answer.RootElement.GetProperty("error").GetProperty("desc").GetString() ?? line;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return line;
        }
    }
}
