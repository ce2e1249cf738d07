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

    /// <summary>The number is the job's exit status, 128 + n for signal n.</summary>
    public const string Ended = "ended";

    /// <summary>The byte on the job's standard input, before the job's own, by which the node answers <see cref="Started"/>.</summary>
    public const byte Go = (byte)'\n';

    /// <summary>What every mark of a job begins with.</summary>
    public static byte[] Prefix(string nonce) => Encoding.ASCII.GetBytes($"\0vma {nonce} ");

    /// <summary>A mark.</summary>
    public static byte[] Write(string nonce, string word, int number) =>
        [.. Prefix(nonce), .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{word} {number}\n"))];
}
