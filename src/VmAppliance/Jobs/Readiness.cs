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
    const int MostMessages = 100;

    readonly Deadline _deadline = Deadline.In(patience);
    int _messages;

    /// <summary>Waits.</summary>
    /// <param name="port">Prefix of the identity port's pipes.</param>
    /// <param name="answer">Makes what the guest is told when it asks who it is; null when it has that on a seed disk.</param>
    /// <param name="isAwake">Whether the guest does not ask any more: it has before it was frozen.</param>
    /// <exception cref="ApplianceException">The machine ended, refused its identity, or said nothing in time.</exception>
    public void Wait(string port, Func<GuestMessage>? answer, bool isAwake = false)
    {
        try
        {
            using var channel = answer is null ? null : GuestChannel.Open(port);
            if (isAwake)
                channel?.Send(answer!());
            while (!IsReady(channel, answer))
            {
                // Until it is.
            }
        }
        catch (LinuxException e)
        {
            // The pipes are the owner's: whoever else writes to them or reads from them only harms this one job.
            throw new ApplianceException(Blame.Transient, Operation, Name, e.Message, null, e);
        }
    }

    string Name => machine.Name;

    bool IsReady(GuestChannel? channel, Func<GuestMessage>? answer)
    {
        // A machine that never stops talking must not hide the deadline.
        switch (_deadline.Passed ? -1 : Poll.Readable(_deadline, channel?.PollDescriptor ?? -1, machine.Process.PollDescriptor, machine.Console.PollDescriptor, interruption))
        {
            case 0:
                return channel!.Receive().Any(message => IsReady(channel, message, answer));
            case 1:
                throw Ended();
            case 2:
                machine.Console.Drain();
                return answer is null && ConsoleSaysReady();
            case 3:
                throw new ApplianceException(Blame.Transient, Operation, Name, "interrupted");
            default:
                throw Late();
        }
    }

    bool IsReady(GuestChannel channel, GuestMessage message, Func<GuestMessage>? answer)
    {
        if (message.Error is { } error)
            throw Refused(error);
        if (++_messages > MostMessages)
            throw new ApplianceException(Blame.Transient, Operation, Name, "it talks without end instead of getting ready");
        if (message.Hello == true && answer is not null)
            channel.Send(answer());
        return message.Ready == true || message.Settled == true;
    }

    bool ConsoleSaysReady()
    {
        var lines = machine.Console.Text.Split(['\n', '\r']);
        return lines.FirstOrDefault(l => l.StartsWith(SeedDisk.ErrorLine, StringComparison.Ordinal)) is { } error
            ? throw Refused(error[SeedDisk.ErrorLine.Length..]) : lines.Contains(SeedDisk.ReadyLine);
    }

    // The owner can kill or stop the machine, which is the owner's process, and say anything in its name; that must not put the blame on the node.
    ApplianceException Ended() => machine.WasKilled
        ? new ApplianceException(Blame.Transient, Operation, Name, "somebody killed it while it booted")
        : new ApplianceException(Blame.Machine, Operation, Name, $"it ended while it booted: {machine.LastWords()}",
            "look at the image's kernel, initrd and append; try: vmappliance run --image IMAGE -- true");

    ApplianceException Late() => machine.IsStopped
        ? new ApplianceException(Blame.Transient, Operation, Name, "somebody stopped it while it booted")
        : new ApplianceException(Blame.Machine, Operation, Name,
            $"it did not get ready within {patience.TotalSeconds:0.#} s; its console ends with: {machine.Console.LastWords() ?? "nothing"}",
            "is vmappliance guest started at boot in this image? is ready_timeout long enough for this node?");

    ApplianceException Refused(string reason) => new(Blame.Machine, Operation, Name, $"it cannot take its identity: {reason}",
        "the image needs sshd and a network card; try: vmappliance run --image IMAGE -- true");
}
