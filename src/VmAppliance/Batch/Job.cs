namespace VmAppliance.Batch;

/// <summary>What the batch system wants run, as far as a machine must be prepared for it.</summary>
/// <param name="Key">Its id and task.</param>
/// <param name="Owner">Whose it is: a login name.</param>
/// <param name="Queue">The queue it came through; it names the image.</param>
/// <param name="Directories">Directories of the batch system that the job expects to find: made in the machine, and the owner's there.</param>
/// <param name="LivesIn">A path that exists as long as the batch system has the job on this node; null when only a lock says that it lives.</param>
/// <param name="Slots">How many of the batch system's slots it has on this node.</param>
/// <param name="TooSmallLimit">A limit that it asked for and with which nothing can start it, as the batch system calls it; null when there is none.</param>
/// <param name="Hosts">Over how many hosts it goes.</param>
/// <param name="Host">What the batch system calls this node; null where it has no name for it.</param>
sealed record Job(JobKey Key, string Owner, string Queue, IReadOnlyList<string> Directories, string? LivesIn, int Slots = 1, string? TooSmallLimit = null,
    int Hosts = 1, string? Host = null);
