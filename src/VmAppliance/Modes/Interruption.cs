using System.Runtime.InteropServices;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary>Notices that somebody pressed Ctrl-C (or sent TERM, HUP) while a machine is being prepared, so that it is taken down in order.</summary>
sealed class Interruption : IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];
    readonly Descriptor _noticed, _asked;

    /// <summary>Begins to listen.</summary>
    public Interruption()
    {
        (_noticed, _asked) = Descriptor.Pipe();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                WasAsked = true;
                lock (_registrations)
                    if (_asked.Number >= 0)
                        _asked.WriteAll([(byte)signal]);
            }));
    }

    /// <summary>Whether somebody has asked.</summary>
    public bool WasAsked { get; private set; }

    /// <summary>Readable for poll(2) once somebody has asked.</summary>
    public int PollDescriptor => _noticed.Number;

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        lock (_registrations)
            _asked.Dispose();
        _noticed.Dispose();
    }
}
