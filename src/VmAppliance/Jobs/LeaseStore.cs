using System.Text.Json;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Jobs;

/// <summary>The leases of this node: directories below <c>RUN/leases</c>, one per job and task.</summary>
sealed class LeaseStore(string runDirectory, int slots)
{
    /// <summary>In the mode of the owner's file: the job has begun. S_IXUSR, which means nothing for data.</summary>
    public const int Begun = 0x40;

    const int LargestFile = 1 << 16;
    const string Unnamed = "new-";
    // Who has a lease starts its machine or takes it down.
    static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(2), LeasePatience = TimeSpan.FromMinutes(5);

    const UnixFileMode Passable = (UnixFileMode)0x1C9; // 0711: owners reach their own files by name, nobody can look around

    /// <summary>Where the leases are.</summary>
    public string Root { get; } = $"{runDirectory}/leases";

    /// <summary>How many slots the node has.</summary>
    public int Slots => slots;

    /// <summary>How many records were read: most of what it costs to find a node full.</summary>
    public int RecordsRead { get; private set; }

    /// <summary>Root's file of a lease.</summary>
    public static string RecordFile(string directory) => $"{directory}/record.json";

    /// <summary>The owner's file of a lease.</summary>
    public static string PassFile(string directory) => $"{directory}/pass.json";

    /// <summary>
    /// Writes down, with the rights of its owner, that the job of a lease begins. The directory is root's: a mode is
    /// what an owner can change there.
    /// </summary>
    public static void MarkBegun(string directory)
    {
        try
        {
            File.SetUnixFileMode(PassFile(directory), UnixFileMode.UserRead | (UnixFileMode)Begun);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The job begins all the same; only its tries go on being counted.
        }
    }

    /// <summary>The directory of a job's lease, whether there is one or not.</summary>
    public string DirectoryOf(JobKey key) => $"{Root}/{key}";

    /// <summary>Takes a free slot for a job.</summary>
    /// <param name="describe">Makes the first record, from the slot's number.</param>
    /// <returns>The lease; null when all slots are taken.</returns>
    /// <exception cref="ApplianceException">The job has a lease already.</exception>
    public Lease? Claim(JobKey key, Func<int, LeaseRecord> describe)
    {
        Prepare();
        using var node = LockNode();
        if (Directory.Exists(DirectoryOf(key)))
            throw new ApplianceException(Blame.Transient, "claim slot", $"job {key}", "another hook is at work for this job",
                "if none is, remove what it left with: vmappliance maintenance reap");
        var taken = Records().Select(r => r.Slot).ToHashSet();
        var free = Enumerable.Range(0, slots).Where(s => !taken.Contains(s)).Cast<int?>().FirstOrDefault();
        return free is { } slot ? Make(key, describe(slot)) : null;
    }

    /// <summary>Keeps anybody from claiming a slot for as long as this is held.</summary>
    public IDisposable Freeze()
    {
        Prepare();
        return LockNode();
    }

    /// <summary>Opens a lease to work on it, waiting for whoever does.</summary>
    /// <param name="key">The job.</param>
    /// <param name="patience">How long to wait; null as long as the work on a lease may take.</param>
    /// <returns>Null when there is none (any more).</returns>
    /// <exception cref="ApplianceException">Somebody has been at work on it for all this time.</exception>
    public Lease? Open(JobKey key, TimeSpan? patience = null) =>
        Open(key, path => FileLock.Wait(path, patience ?? LeasePatience) ?? throw FileLockTrouble.Of("open lease", path, patience ?? LeasePatience));

    /// <summary>Opens a lease if nobody is at work on it.</summary>
    /// <param name="isBusy">Whether somebody is.</param>
    public Lease? TryOpen(JobKey key, out bool isBusy)
    {
        var busy = false;
        var lease = Open(key, path =>
        {
            var held = FileLock.Try(path);
            busy = held is null;
            return held;
        });
        isBusy = busy;
        return lease;
    }

    /// <summary>The records of all leases, without locking them.</summary>
    public IReadOnlyList<LeaseRecord> Records() => !Directory.Exists(Root) ? []
        : [.. Directory.GetDirectories(Root).Select(Read).OfType<LeaseRecord>().OrderBy(r => r.Slot)];

    /// <summary>What a job's owner may know of its lease; null when there is none, or it is somebody else's.</summary>
    public Pass? PassOf(JobKey key)
    {
        try
        {
            var content = Files.ReadNoFollow(PassFile(DirectoryOf(key)), LargestFile, out _);
            return JsonSerializer.Deserialize(content, LeaseJson.Default.Pass);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EACCES)
        {
            return null;
        }
    }

    /// <summary>Removes what a hook that was killed while it made or deleted a lease's directory left: it has no record, so it is nobody's.</summary>
    /// <param name="dryRun">Only look.</param>
    /// <returns>The names of these directories.</returns>
    public IReadOnlyList<string> Sweep(bool dryRun)
    {
        if (!Directory.Exists(runDirectory))
            return [];
        using var node = LockNode();
        var rests = Directory.GetDirectories(runDirectory).Where(d => Path.GetFileName(d) is var n
            && (n.StartsWith(Unnamed, StringComparison.Ordinal) || n.StartsWith(Lease.Gone, StringComparison.Ordinal))).ToList();
        if (Directory.Exists(Root))
            rests.AddRange(Directory.GetDirectories(Root).Where(d => Read(d) is null));
        if (!dryRun)
            rests.ForEach(Lease.Discard);
        return [.. rests.Select(d => Path.GetFileName(d))];
    }

    // Nobody has it for longer than a moment; whoever has was stopped or hangs, and must not hang all others.
    FileLock LockNode() => FileLock.Wait($"{runDirectory}/lock", LockPatience) ?? throw FileLockTrouble.Of("lock node", $"{runDirectory}/lock", LockPatience);

    Lease Make(JobKey key, LeaseRecord record)
    {
        // Complete before it has its name: no lease is ever without a record.
        var unnamed = $"{runDirectory}/{Unnamed}{key}";
        if (Directory.Exists(unnamed))
            Directory.Delete(unnamed, recursive: true);
        Directory.CreateDirectory(unnamed);
        File.SetUnixFileMode(unnamed, Passable);
        var held = FileLock.Try($"{unnamed}/lock") ?? throw FileLockTrouble.Of("claim slot", $"{unnamed}/lock", TimeSpan.Zero);
        var lease = new Lease(unnamed, record, held);
        lease.Enter(record.Phase);
        Directory.Move(unnamed, DirectoryOf(key));
        return new Lease(DirectoryOf(key), record, held);
    }

    Lease? Open(JobKey key, Func<string, FileLock?> take)
    {
        var directory = DirectoryOf(key);
        try
        {
            if (!Directory.Exists(directory) || take($"{directory}/lock") is not { } held)
                return null;
            if (Read(directory) is { } record)
                return new Lease(directory, record, held);
            held.Dispose();
            return null;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    void Prepare()
    {
        foreach (var (directory, mode) in new[] { (runDirectory, (UnixFileMode)0x1ED /* 0755 */), (Root, Passable) })
        {
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, mode);
        }
    }

    LeaseRecord? Read(string directory)
    {
        RecordsRead++;
        try
        {
            return JsonSerializer.Deserialize(Files.ReadNoFollow(RecordFile(directory), LargestFile, out _), LeaseJson.Default.LeaseRecord);
        }
        catch (Exception e) when (e is JsonException or LinuxException { Errno: Errno.ENOENT })
        {
            return null;
        }
    }
}
