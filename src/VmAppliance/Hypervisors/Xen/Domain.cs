using System.Globalization;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>A domain as <c>xl list -v</c> shows it.</summary>
/// <param name="Name">Its name; <c>(null)</c> while it is half made or half gone.</param>
/// <param name="Id">Its number.</param>
/// <param name="MemoryMiB">Its memory.</param>
/// <param name="State">Six letters or dashes: running, blocked, paused, shut down, crashed, dying.</param>
/// <param name="CpuTime">What its cpus have computed.</param>
/// <param name="Uuid">Its uuid.</param>
sealed record Domain(string Name, int Id, long MemoryMiB, string State, TimeSpan CpuTime, Guid Uuid)
{
    // From the right: name · id · memory · cpus · state · time · uuid · reason · label.
    const int Columns = 9;

    /// <summary>Whether somebody has stopped its cpus.</summary>
    public bool IsPaused => State.Contains('p', StringComparison.Ordinal);

    /// <summary>Whether it has ended, and only its memory is not free yet.</summary>
    public bool IsDying => State.Contains('d', StringComparison.Ordinal);

    /// <summary>Reads a list; lines that are none are left out.</summary>
    public static IReadOnlyList<Domain> Parse(string list) => [.. list.Split('\n').Select(Line).OfType<Domain>()];

    static Domain? Line(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words.Length >= Columns && int.TryParse(words[^8], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && long.TryParse(words[^7], NumberStyles.None, CultureInfo.InvariantCulture, out var memory)
            && double.TryParse(words[^4], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Guid.TryParse(words[^3], out var uuid)
            ? new Domain(string.Join(' ', words[..^8]), id, memory, words[^5], TimeSpan.FromSeconds(seconds), uuid) : null;
    }
}
