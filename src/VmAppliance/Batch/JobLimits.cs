using System.Globalization;

namespace VmAppliance.Batch;

/// <summary>
/// The memory limits of a job that Grid Engine's shepherd puts on whatever runs in the job's place: queue_conf(5) under RESOURCE LIMITS,
/// setrlimits() of its source/daemons/shepherd/setrlimits.c. vmappliance-shepherd refuses the same.
/// </summary>
static class JobLimits
{
    // What a starter needs to come to its job: address space (for a moment about half of that is reserved), and data.
    const double LeastAddresses = 128 << 20, LeastData = 64 << 20;

    /// <summary>The first limit, soft or hard, with which no starter can work, as NAME=VALUE; null when there is none.</summary>
    public static string? TooSmall(SpoolDirectory spool)
    {
        var slots = Number(spool.Value("host_slots") ?? "") is >= 1 and var count ? count : 1;
        foreach (var (name, least) in new[] { ("s_vmem", LeastAddresses), ("h_vmem", LeastAddresses), ("s_data", LeastData), ("h_data", LeastData) })
            if (spool.Value(name) is { } text && Number(text) is { } bytes && bytes * (spool.Value($"{name}_is_consumable_job") == "1" ? 1 : slots) < least)
                return string.Create(CultureInfo.InvariantCulture, $"{name}={text} (at least {least / (1 << 20)}M)");
        return null;
    }

    /// <summary>A memory value of Grid Engine's in bytes: K, M, G are powers of 1024, k, m, g of 1000; null for INFINITY and what is none.</summary>
    public static double? Number(string text)
    {
        var factor = text is [.., var last] && "KMGkmg".IndexOf(last, StringComparison.Ordinal) is >= 0 and var place ? Math.Pow(place < 3 ? 1024 : 1000, (place % 3) + 1) : 1;
        return double.TryParse(factor == 1 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number * factor : null;
    }
}
