namespace VmAppliance.Guest;

/// <summary>How a job came to its end in its machine.</summary>
/// <param name="Status">Its exit status, 128 + n for signal n; of one that was not started, what a shell says of such a command: 126 or 127.</param>
/// <param name="Signal">The signal that it died of, signal(7); 0 when it was none.</param>
/// <param name="IsRefused">Whether it was not started: it asks for what its machine does not have, and its standard error says what.</param>
readonly record struct JobEnd(int Status, int Signal = 0, bool IsRefused = false);
