using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>
/// Puts a job's files in place while they come, with its owner's rights, before anything is said: what cannot be put in place is told when the
/// job may speak, and taken in all the same.
/// </summary>
/// <param name="spec">The job.</param>
/// <param name="read">Reads exactly so many bytes of what comes.</param>
sealed class Staging(JobSpec spec, Func<int, byte[]> read)
{
    Exception? _failure;

    /// <summary>Whether there is anything to do.</summary>
    public bool IsNeeded => spec.Files.Count + spec.Scratch.Count > 0;

    /// <summary>Does it.</summary>
    /// <returns>Why something could not be put in place; null when all was.</returns>
    /// <exception cref="InvalidDataException">What comes are no files.</exception>
    public Exception? Run()
    {
        Host.SetUmask(0x12 /* 022 */);
        foreach (var directory in spec.Scratch.Concat(spec.Files.Select(f => f.Path[..Math.Max(1, Array.LastIndexOf(f.Path, (byte)'/'))])))
            Try(() => Files.MakeDirectories(directory));
        foreach (var file in spec.Files)
            Take(file);
        return _failure;
    }

    void Take(StagedFile file)
    {
        var isTaken = false;
        Try(() => Files.Replace(file.Path, to =>
        {
            isTaken = true;
            StagedContent.Read(read, piece => Try(() => to.WriteAll(piece)));
            if (_failure is not null)
                throw new IOException(_failure.Message, _failure);
        }, file.Executable ? 0x1ED /* 0755 */ : 0x1A4 /* 0644 */));
        if (!isTaken)
            StagedContent.Read(read, _ => { });
    }

    void Try(Action work)
    {
        try
        {
            if (_failure is null)
                work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failure = e;
        }
    }
}
