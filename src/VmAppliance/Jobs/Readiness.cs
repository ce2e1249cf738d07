using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Hypervisors;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Waits until a machine says that it is the job's: for its word, its end or the deadline, never for a while.</summary>
/// <param name="machine">The machine.</param>
/// <param name="patience">How long to wait.</param>
/// <param name="interruption">A descriptor that becomes readable when nobody wants the machine any more; -1 for none.</param>
sealed class Readiness(Machine machine, TimeSpan patience, int interruption)
{
    const string Operation = "wait for machine";

    readonly Deadline _deadline = Deadline.In(patience);

    /// <summary>Waits.</summary>
    /// <param name="port">Prefix of the identity port's pipes.</param>
    /// <param name="identity">Makes the identity when the guest asks for it; null when it is on a seed disk.</param>
    /// <exception cref="ApplianceException">The machine ended, refused its identity, or said nothing in time.</exception>
    public void Wait(string port, Func<Identity>? identity)
    {
        using var channel = GuestChannel.Open(port);
        while (true)
        {
            // A machine that never stops talking must not hide the deadline.
            switch (_deadline.Passed ? -1 : Poll.Readable(_deadline, channel.PollDescriptor, machine.Process.PollDescriptor, machine.Console.PollDescriptor, interruption))
            {
                case 0 when channel.Receive().Any(message => IsReady(channel, message, identity)):
                    return;
                case 1:
                    throw new ApplianceException(Blame.Node, Operation, Name, $"it ended while it booted: {machine.LastWords()}",
                        "look at the image's kernel, initrd and append; try: vmappliance run --image IMAGE -- true");
                case 2:
                    machine.Console.Drain();
                    if (identity is null && ConsoleSaysReady())
                        return;
                    break;
                case 3:
                    throw new ApplianceException(Blame.Transient, Operation, Name, "interrupted");
                case -1:
                    throw new ApplianceException(Blame.Node, Operation, Name,
                        $"it did not get ready within {patience.TotalSeconds:0.#} s; its console ends with: {machine.Console.LastWords() ?? "nothing"}",
                        "is vmappliance guest started at boot in this image? is ready_timeout long enough for this node?");
            }
        }
    }

    string Name => $"process {machine.Process.Pid}";

    bool IsReady(GuestChannel channel, GuestMessage message, Func<Identity>? identity)
    {
        if (message.Error is { } error)
            throw Refused(error);
        if (message.Hello == true && identity is not null)
            channel.Send(new GuestMessage { Identity = identity() });
        return message.Ready == true;
    }

    bool ConsoleSaysReady()
    {
        var lines = machine.Console.Text.Split(['\n', '\r']);
        return lines.FirstOrDefault(l => l.StartsWith(SeedDisk.ErrorLine, StringComparison.Ordinal)) is { } error
            ? throw Refused(error[SeedDisk.ErrorLine.Length..]) : lines.Contains(SeedDisk.ReadyLine);
    }

    ApplianceException Refused(string reason) => new(Blame.Node, Operation, Name, $"it cannot take its identity: {reason}",
        "the image needs sshd and ip; try: vmappliance run --image IMAGE -- true");
}
