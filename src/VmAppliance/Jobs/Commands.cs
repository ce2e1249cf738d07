using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>Commands as the guest's launcher takes them.</summary>
static class Commands
{
    const int NonceBytes = 16;

    /// <summary>A batch job as this process, its starter, has it.</summary>
    public static JobSpec OfJob(BatchCommand command) => new(
        Entropy.Hex(NonceBytes * 2), command.Arguments,
        command.Argv0, JobEnvironment.OfJob(InitialProcess.Environment(), null), Directory(), Umask(), Limits.OfJob(),
        [.. command.Files.Select(f => new StagedFile(f.Path, f.Executable) { Content = f.Content })], command.Scratch, command.Input ?? NoInput(), Joined());

    /// <summary>A command that somebody started by hand.</summary>
    public static JobSpec ByHand(IReadOnlyList<byte[]> words, Processes.Account owner, Pass pass) => new(
        Entropy.Hex(NonceBytes * 2), words, null,
        JobEnvironment.OfOwner(InitialProcess.Environment(), owner, pass.Home), Directory(), Umask(), [], [], [], NoInput(), Joined());

    /// <summary>A job that does nothing, successfully: the shell's own command.</summary>
    public static JobSpec Nothing() => JobSpec.Shell(":", Entropy.Hex(NonceBytes * 2));

    // qsub -j y, or a shell's 2>&1.
    static bool Joined() => Files.IsSame(new Descriptor(1), new Descriptor(2));

    // A program looks at its standard input to find out whether there is anything to read; at a pipe it waits, or reads nothing from it.
    static byte[]? NoInput() => Files.IsNull(new Descriptor(0)) ? "/dev/null"u8.ToArray() : null;

    static byte[] Directory() => InitialProcess.Directory()
        ?? throw new ApplianceException(Blame.Job, "start job", "its working directory", "it has been removed");

    static int Umask()
    {
        var mask = Host.SetUmask(0x12 /* 022 */);
        Host.SetUmask(mask);
        return mask;
    }
}
