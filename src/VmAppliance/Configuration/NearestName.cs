namespace VmAppliance.Configuration;

/// <summary>Finds the name that somebody probably meant.</summary>
static class NearestName
{
    /// <summary>", did you mean 'x'?" or nothing.</summary>
    public static string Suggestion(string typed, IEnumerable<string> known) =>
        known.Select(name => (Name: name, Distance: Distance(typed, name)))
            .Where(c => c.Distance <= Math.Max(2, typed.Length / 3))
            .OrderBy(c => c.Distance).Select(c => $" (did you mean '{c.Name}'?)").FirstOrDefault() ?? "";

    /// <summary>Levenshtein's distance: how many letters must be added, dropped or changed.</summary>
    public static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
