using System.Globalization;
using System.Text;

namespace VmAppliance.Guest;

/// <summary>
/// Lines of our own between the bytes of a job's output: NUL, "vma", the job's nonce, a word and a number, newline. The launcher in the
/// guest writes one to both outputs before the job's first instruction (what a login shell said before it is not the job's) and one
/// after its end (what its left-over children say later is not, either).
/// </summary>
static class OutputMark
{
    /// <summary>The number is the launcher's pid: signals for the job go there.</summary>
    public const string Started = "started";

    /// <summary>The number is the job's exit status.</summary>
    public const string Ended = "ended";

    /// <summary>The number is that of the signal which the job died of.</summary>
    public const string Killed = "killed";

    /// <summary>The job was not started, for a reason that was said before; the number is the status that shells give such a command.</summary>
    public const string Refused = "refused";

    /// <summary>The byte on the job's standard input, before the job's own, by which the node answers <see cref="Started"/>.</summary>
    public const byte Go = (byte)'\n';

    // What a shell adds to a signal's number.
    const int SignalStatus = 128;

    /// <summary>What every mark of a job begins with.</summary>
    public static byte[] Prefix(string nonce) => Encoding.ASCII.GetBytes($"\0vma {nonce} ");

    /// <summary>The mark of a job's end.</summary>
    public static byte[] Write(string nonce, JobEnd end) => end.IsRefused ? Write(nonce, Refused, end.Status)
        : end.Signal != 0 ? Write(nonce, Killed, end.Signal) : Write(nonce, Ended, end.Status);

    /// <summary>The end that a mark tells of; null when it tells of none.</summary>
    public static JobEnd? End(string word, int number) => word switch
    {
        Ended => new JobEnd(number),
        Killed => new JobEnd(SignalStatus + number, number),
        Refused => new JobEnd(number, IsRefused: true),
        _ => null,
    };

    /// <summary>A mark.</summary>
    public static byte[] Write(string nonce, string word, int number) =>
        [.. Prefix(nonce), .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{word} {number}\n"))];
}
