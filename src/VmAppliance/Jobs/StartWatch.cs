namespace VmAppliance.Jobs;

/// <summary>
/// Bounds the way from the connection to the job's first instruction: by a time of ours, and by the first signal that would have ended the job
/// there, which nothing has told yet that it could do anything else about it.
/// </summary>
sealed class StartWatch : IDisposable
{
    const int SIGCONT = 18;

    readonly object _lock = new();
    readonly TimeSpan _patience;
    readonly Func<bool> _isPaused;
    readonly CancellationTokenSource _over;
    readonly Timer _timer;
    bool _begun;

    /// <summary>Begins to watch.</summary>
    /// <param name="patience">How long it may take.</param>
    /// <param name="isPaused">Whether the machine stands still because somebody has asked for that: then nothing is late.</param>
    /// <param name="lost">Cancelled when the machine has ended.</param>
    public StartWatch(TimeSpan patience, Func<bool> isPaused, CancellationToken lost)
    {
        (_patience, _isPaused) = (patience, isPaused);
        _over = CancellationTokenSource.CreateLinkedTokenSource(lost);
        _timer = new Timer(_ => Expire(), null, patience, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when it is not to be waited for any more; after the job's begin, when the machine has ended.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>The signal that ended it; null when none did.</summary>
    public int? Signal { get; private set; }

    /// <summary>Whether the time has passed.</summary>
    public bool IsLate { get; private set; }

    /// <summary>The job may begin.</summary>
    /// <returns>False when it is too late for that.</returns>
    public bool TryBegin()
    {
        lock (_lock)
            return _begun = !_over.IsCancellationRequested;
    }

    /// <summary>A signal has come for the job.</summary>
    public void Notice(int signal)
    {
        if (signal != SIGCONT)
            End(() => Signal = signal);
    }

    void Expire()
    {
        if (!_isPaused())
            End(() => IsLate = true);
        else
            _timer.Change(_patience, Timeout.InfiniteTimeSpan);
    }

    // Whoever waits goes on in a thread of his own: this one may be a signal's.
    void End(Action because)
    {
        lock (_lock)
        {
            if (_begun || _over.IsCancellationRequested)
                return;
            because();
            _ = _over.CancelAsync();
        }
    }

    public void Dispose()
    {
        // Who still comes by its timer finds that all is over.
        TryBegin();
        using var gone = new ManualResetEvent(false);
        if (_timer.Dispose(gone))
            gone.WaitOne();
        _over.Dispose();
    }
}
