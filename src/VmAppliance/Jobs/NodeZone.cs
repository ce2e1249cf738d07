using VmAppliance.Guest;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>This node's time zone: localtime(5).</summary>
static class NodeZone
{
    const string LocalTime = "/etc/localtime", Database = "/zoneinfo/";
    const int Largest = 64 << 10, LongestName = 64;

    static readonly GuestZone s_utc = new("Etc/UTC", []);

    /// <summary>The zone; null when this node's cannot be read.</summary>
    /// <param name="file">/etc/localtime. Where there is none, or a link to nothing, the time is UTC: tzset(3).</param>
    public static GuestZone? Of(string file = LocalTime)
    {
        try
        {
            var rules = File.ReadAllBytes(file);
            // RFC 9636
            return rules.Length <= Largest && rules.AsSpan().StartsWith("TZif"u8) ? new GuestZone(Name(new FileInfo(file).LinkTarget), rules) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return s_utc;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The name that a link to a file of the zones' database says, such as <c>Europe/Berlin</c>; null when it says none.</summary>
    public static string? Name(string? target)
    {
        if (target?.IndexOf(Database, StringComparison.Ordinal) is not (>= 0 and var start))
            return null;
        var name = target[(start + Database.Length)..];
        return GuestZone.IsName(name) && name.Length <= LongestName ? name : null;
    }
}
