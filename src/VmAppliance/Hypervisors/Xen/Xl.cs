using System.Globalization;
using System.Text.RegularExpressions;
using VmAppliance.Diagnostics;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>Xen's toolstack: xl(1). Without xenstored each of its commands waits for ever, so each has a deadline here.</summary>
/// <param name="setting">Its path; <c>auto</c> looks for it.</param>
sealed partial class Xl(string setting)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly TimeSpan MemoryPatience = TimeSpan.FromMinutes(10);

    /// <summary>xl's path.</summary>
    /// <exception cref="ApplianceException">It is not installed.</exception>
    public string Program => setting != "auto" && File.Exists(setting) ? setting : (setting == "auto" ? OfRunningXen() ?? CommandRunner.Find("xl") : null)
        ?? throw new ApplianceException(Blame.Node, "find Xen's toolstack", setting == "auto" ? "xl" : setting, "it is not installed",
            "install xen-utils (Debian) or xen-runtime (EL), or set [xen] xl");

    /// <summary>All domains, half-made and dying ones included.</summary>
    public IReadOnlyList<Domain> List() => Domain.Parse(Require("list", "-v").Output);

    /// <summary>The configurations of all domains, as JSON: an array of objects with <c>domid</c> and <c>config</c>.</summary>
    public string Configurations() => Require("list", "-l").Output;

    /// <summary>What Xen says of this node, by name.</summary>
    public IReadOnlyDictionary<string, string> Info()
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Require("info").Output.Split('\n'))
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is [var name, var value])
                facts[name] = value;
        return facts;
    }

    /// <summary>Stops a domain's cpus; each time needs an <see cref="Unpause"/> of its own.</summary>
    public void Pause(string domain) => Require("pause", domain);

    /// <summary>Lets a domain go on; one that runs is no error.</summary>
    public void Unpause(string domain) => Require("unpause", domain);

    /// <summary>Asks a domain's operating system to shut down, and waits until it has; what happens to the domain then is its guard's matter.</summary>
    public void Shutdown(string domain) => Require(MemoryPatience, "shutdown", "-w", domain);

    /// <summary>Writes a domain's memory to a file, and ends the domain.</summary>
    public void Save(string domain, string file) => Require(MemoryPatience, "save", domain, file);

    /// <summary>Makes a domain of a file again; it runs when this returns, and has no guard.</summary>
    public void Restore(string file) => Require(MemoryPatience, "restore", "-e", file);

    /// <summary>Ends a domain at once, with its devices.</summary>
    /// <returns>False when there was none, or it did not go.</returns>
    public bool Destroy(int id) => Run(Patience, "destroy", id.ToString(CultureInfo.InvariantCulture)).Status == 0;

    /// <summary>What is wrong, of all that it says of a failure.</summary>
    public static string Reason(string said)
    {
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var first = lines.FirstOrDefault(l => l.Contains("error: ", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? "it gave no reason";
        return Origin().Replace(first, "");
    }

    // Debian's xl in the PATH is a shell's script that finds this one, each time anew.
    static string? OfRunningXen()
    {
        const string Version = "/sys/hypervisor/version";
        var program = File.Exists($"{Version}/major") && File.Exists($"{Version}/minor")
            ? $"/usr/lib/xen-{File.ReadAllText($"{Version}/major").Trim()}.{File.ReadAllText($"{Version}/minor").Trim()}/bin/xl" : null;
        return File.Exists(program) ? program : null;
    }

    CommandResult Require(params string[] words) => Require(Patience, words);

    CommandResult Require(TimeSpan patience, params string[] words)
    {
        var result = Run(patience, words);
        return result.Status == 0 ? result : throw new ApplianceException(Blame.Node, $"ask Xen to {words[0]}", words[^1],
            Reason(result.Errors), "vmappliance maintenance check tells what this node lacks");
    }

    CommandResult Run(TimeSpan patience, params string[] words)
    {
        try
        {
            return CommandRunner.Run([Program, .. words], patience);
        }
        catch (ApplianceException e) when (e.InnerException is TimeoutException)
        {
            throw new ApplianceException(Blame.Node, $"ask Xen to {words[0]}", words[^1], $"xl did not answer within {patience.TotalSeconds:0} s",
                "is xenstored running? see: systemctl status xenstored", e);
        }
    }

    // libxl: error: libxl_device.c:1109:device_backend_callback: Domain 5:unable to add device ...
    [GeneratedRegex(@"^(\w+: error: )?(\w+\.c:\d+:\w+: )?(Domain \d+:)?\s*")]
    private static partial Regex Origin();
}
