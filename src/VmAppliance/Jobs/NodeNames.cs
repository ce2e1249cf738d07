using System.Text;
using VmAppliance.Batch;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>What this node is called, and what its machines are called after it: the same for all batch systems.</summary>
static class NodeNames
{
    const string Prefix = "vma-";

    // Characters: a label of DNS, RFC 1035; the kernel takes 64 (HOST_NAME_MAX).
    const int LongestLabel = 63, LongestName = 253;

    const int LargestTable = 1 << 20;

    /// <summary>The name of a job's machine: <c>vma-NODE-JOB-TASK</c>, of the letters, digits and hyphens that a host's name may have.</summary>
    /// <param name="node">The node's name; what is behind the first dot is left out, and what is too long.</param>
    /// <param name="job">The job.</param>
    public static string OfMachine(string node, JobKey job)
    {
        var end = Legal($"-{job.Id}-{job.Task}");
        var label = Legal(node.Split('.')[0]).Trim('-');
        var room = LongestLabel - Prefix.Length - end.Length;
        return Prefix + (label.Length > 0 ? label[..Math.Min(label.Length, room)] : "node") + end;
    }

    /// <summary>All names by which something on this node may call it: its own, the batch system's for it, and what /etc/hosts knows it by; each in full and short.</summary>
    /// <param name="own">Its host name.</param>
    /// <param name="batch">The batch system's name for it; null when it has none.</param>
    /// <param name="table">The text of /etc/hosts, hosts(5). Nobody is asked over the network: that may take for ever.</param>
    public static IReadOnlyList<string> Of(string own, string? batch, string table)
    {
        var known = new[] { own, batch }.OfType<string>().ToList();
        var aliases = table.Split('\n').Select(l => l.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length > 1 && w.Skip(1).Any(known.Contains)).SelectMany(w => w.Skip(1));
        return [.. known.Concat(aliases).SelectMany(n => new[] { n, n.Split('.')[0] }).Where(IsName).Distinct()];
    }

    /// <summary>The same for this node.</summary>
    public static IReadOnlyList<string> OfThis(string? batch) => Of(Environment.MachineName, batch, Table());

    static string Table()
    {
        try
        {
            return Encoding.UTF8.GetString(Files.ReadNoFollow("/etc/hosts", LargestTable, out _));
        }
        catch (LinuxException)
        {
            // Then it knows nothing more.
            return "";
        }
    }

    // What is the machine's own anyway is no name of the node, nor is an address.
    static bool IsName(string name) => name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        && name.Any(char.IsAsciiLetter) && !name.StartsWith("localhost", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("ip6-", StringComparison.Ordinal);

    static string Legal(string text) => string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}
