using System.Globalization;
using System.Text;
using System.Text.Json;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>
/// Counts how often a job comes to this node before it begins: files of root's in <c>RUN/tries</c>, one for each job
/// and task, and one for each image (<c>@IMAGE</c>) that says when the newest job came that has begun. Only root's
/// hooks write; a starter, which has its owner's rights, reads.
/// </summary>
/// <param name="runDirectory">The node's run directory.</param>
/// <param name="clock">Tells the time; null for the node's.</param>
/// <remarks>Nothing here fails a job: one that cannot be counted has come for the first time.</remarks>
sealed class TryStore(string runDirectory, TimeProvider? clock = null)
{
    /// <summary>How many files there are at most; when it is more, the oldest go.</summary>
    public const int MostFiles = 1000;

    const int LargestFile = 1 << 16;
    const int Readable = 0x1A4; // 0644

    /// <summary>For how long a job that does not come again is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(12);

    readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Where the files are.</summary>
    public string Root { get; } = $"{runDirectory}/tries";

    /// <summary>The time by which it counts.</summary>
    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>A job has come.</summary>
    /// <param name="job">The job.</param>
    /// <param name="image">Its image.</param>
    /// <returns>How often, this time included.</returns>
    public Tries Come(Job job, string image)
    {
        var boot = Host.BootId();
        var before = Of(job.Key) is { } known && known.IsOf(job, boot) ? known
            : new Tries($"{job.Key}", 0, Now, job.Owner, job.LivesIn, image, boot, false);
        var othersBegan = LastBegun(image) > before.Since;
        var tries = before with { Count = before.Count + 1, Image = image, OthersBegan = othersBegan };
        Attempt($"count tries, job {job.Key}", () =>
        {
            Files.MakeDirectory(Root);
            if (before.Count == 0)
                MakeRoom();
            Write(tries);
        });
        return tries;
    }

    /// <summary>What is known of a job; null when it has not come, or nothing can be read.</summary>
    public Tries? Of(JobKey key)
    {
        try
        {
            var content = Files.ReadNoFollow(FileOf(key), LargestFile, out _);
            return JsonSerializer.Deserialize(content, TriesJson.Default.Tries);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    /// <summary>This time does not count: what kept the job from its begin says nothing of it.</summary>
    public void TakeBack(Tries tries)
    {
        if (JobKey.Parse(tries.Job) is not { } key)
            return;
        if (tries.Count > 1)
            Attempt($"count tries, job {key}", () => Write(tries with { Count = tries.Count - 1 }));
        else
            Forget(key);
    }

    /// <summary>Whatever the job comes for after this, it is the first time.</summary>
    public void Forget(JobKey key) => Attempt($"forget tries, job {key}", () => File.Delete(FileOf(key)));

    /// <summary>A job of an image has begun here.</summary>
    /// <param name="image">The image.</param>
    /// <param name="came">When that job came.</param>
    public void Begun(string image, DateTimeOffset came) => Attempt($"note begin, image {image}", () =>
    {
        if (LastBegun(image) is { } last && last >= came)
            return;
        Files.MakeDirectory(Root);
        var text = came.ToString("O", CultureInfo.InvariantCulture);
        Files.Replace(FileOf(image), Encoding.UTF8.GetBytes(text), Readable);
    });

    /// <summary>
    /// Removes what nobody asks for any more: of jobs that have not come for long, of another boot, and what a killed
    /// hook left.
    /// </summary>
    /// <param name="dryRun">Only look.</param>
    /// <returns>The names of these files.</returns>
    public IReadOnlyList<string> Sweep(bool dryRun)
    {
        if (!Directory.Exists(Root))
            return [];
        var old = Directory.GetFiles(Root).Where(IsOld).ToList();
        if (!dryRun)
            old.ForEach(path => Attempt($"remove {path}", () => File.Delete(path)));
        return [.. old.Select(p => Path.GetFileName(p))];
    }

    bool IsOld(string path) => (Now - File.GetLastWriteTimeUtc(path)).Duration() > Memory
        || (JobKey.Parse(Path.GetFileName(path)) is { } key && Of(key) is { } tries && tries.BootId != Host.BootId());

    // A file less than there may be: the next one is about to be written.
    void MakeRoom()
    {
        var files = Directory.GetFiles(Root);
        if (files.Length < MostFiles)
            return;
        foreach (var path in files.OrderBy(File.GetLastWriteTimeUtc).Take(files.Length - MostFiles + 1))
            File.Delete(path);
    }

    DateTimeOffset? LastBegun(string image)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Files.ReadNoFollow(FileOf(image), LargestFile, out _));
            var invariant = CultureInfo.InvariantCulture;
            return DateTimeOffset.TryParseExact(text, "O", invariant, DateTimeStyles.None, out var came) ? came : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    void Write(Tries tries)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(tries, TriesJson.Default.Tries);
        Files.Replace($"{Root}/{tries.Job}", content, Readable);
    }

    string FileOf(JobKey key) => $"{Root}/{key}";

    // No job's name has such a letter.
    string FileOf(string image) => $"{Root}/@{image}";

    static void Attempt(string what, Action deed)
    {
        try
        {
            deed();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Write(Severity.Warning, $"{what}: {e.Message}");
        }
    }
}
