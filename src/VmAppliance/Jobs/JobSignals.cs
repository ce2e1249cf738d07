using System.Runtime.InteropServices;
using VmAppliance.Guest;

namespace VmAppliance.Jobs;

/// <summary>Catches every signal that can be caught and means something to a job, and passes it on to the job in its machine.</summary>
sealed class JobSignals : IDisposable
{
    // HUP INT QUIT USR1 USR2 ALRM TERM CONT XCPU XFSZ
    static readonly int[] Forwarded = [1, 2, 3, 10, 12, 14, 15, 18, 24, 25];

    readonly List<PosixSignalRegistration> _registrations = [];
    readonly List<int> _early = [];
    GuestSession? _session;
    Action<int>? _listener;

    /// <summary>Begins to catch; what comes before there is a session waits for it.</summary>
    public JobSignals()
    {
        foreach (var signal in Forwarded)
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
            {
                context.Cancel = true;
                Forward(signal);
            }));
    }

    /// <summary>Who is told of each signal, too, first of those that have come already.</summary>
    public void Tell(Action<int> listener)
    {
        lock (_early)
        {
            _listener = listener;
            _early.ForEach(listener);
        }
    }

    /// <summary>There is a session now.</summary>
    public void Attach(GuestSession session)
    {
        lock (_early)
        {
            _session = session;
            _early.ForEach(session.Signal);
            _early.Clear();
        }
    }

    void Forward(int signal)
    {
        lock (_early)
        {
            _listener?.Invoke(signal);
            if (_session is null)
                _early.Add(signal);
            else
                _session.Signal(signal);
        }
    }

    public void Dispose() => _registrations.ForEach(r => r.Dispose());
}
