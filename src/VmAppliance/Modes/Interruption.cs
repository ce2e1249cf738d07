using System.Runtime.InteropServices;
using VmAppliance.Diagnostics;

namespace VmAppliance.Modes;

/// <summary>Remembers that somebody pressed Ctrl-C (or sent TERM, HUP) while a machine was being prepared, so that it is taken down in order.</summary>
sealed class Interruption : IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];
    volatile bool _asked;

    /// <summary>Begins to listen.</summary>
    public Interruption()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _asked = true;
            }));
    }

    /// <summary>Gives up if somebody asked for it.</summary>
    /// <exception cref="ApplianceException">Somebody did.</exception>
    public void ThrowIfAsked()
    {
        if (_asked)
            throw new ApplianceException(Blame.Transient, "run command", "machine", "interrupted before it started");
    }

    public void Dispose() => _registrations.ForEach(r => r.Dispose());
}
