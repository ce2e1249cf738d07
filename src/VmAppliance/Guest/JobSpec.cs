using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using VmAppliance.Linux;

namespace VmAppliance.Guest;

/// <summary>A command to be run in a machine, byte for byte as the batch system started it on the node.</summary>
/// <param name="Nonce">Marks the lines of our own in the job's output (see <see cref="OutputMark"/>).</param>
/// <param name="Arguments">The program and its arguments; the program is looked up in the job's PATH.</param>
/// <param name="Argv0">What the program is told its name is; null for the program's.</param>
/// <param name="Environment">NAME=value entries.</param>
/// <param name="Directory">Working directory; without it there is no job.</param>
/// <param name="Umask">File mode creation mask.</param>
/// <param name="Limits">Resource limits.</param>
/// <param name="Files">Files to be put in place first; their contents follow.</param>
/// <param name="Scratch">Directories to be made first where they are missing.</param>
/// <param name="Input">A file of the machine, such as a staged one, to be the job's standard input; null for the one that comes over the connection.</param>
/// <param name="Joined">Whether standard output and error are one file on the node: what goes to both must come in the order it was written.</param>
/// <param name="Signal">Not a command, but a signal for one that runs: where there is no port, it comes this way.</param>
sealed record JobSpec(string Nonce, IReadOnlyList<byte[]> Arguments, byte[]? Argv0, IReadOnlyList<byte[]> Environment, byte[] Directory,
    int Umask, IReadOnlyList<Limit> Limits, IReadOnlyList<StagedFile> Files, IReadOnlyList<byte[]> Scratch, byte[]? Input, bool Joined, JobSignal? Signal = null)
{
    /// <summary>A signal and no command.</summary>
    public static JobSpec Of(JobSignal signal) => new("", [], null, [], [], 0, [], [], [], null, false, signal);

    /// <summary>A line for the shell, which needs nothing.</summary>
    /// <param name="line">The line.</param>
    /// <param name="nonce">The marks'.</param>
    public static JobSpec Shell(string line, string nonce = "") => new(nonce, [.. new[] { "/bin/sh", "-c", line }.Select(Encoding.UTF8.GetBytes)], null,
        ["PATH=/usr/bin:/bin"u8.ToArray()], "/"u8.ToArray(), 0x12 /* 022 */, [], [], [], null, false);

    /// <summary>Writes it as the launcher takes it: its length in bytes, four of them, little endian; then its JSON.</summary>
    public void Write(Stream stream)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, GuestJson.Default.JobSpec);
        stream.Write(BitConverter.GetBytes(json.Length));
        stream.Write(json);
        stream.Flush();
    }
}

/// <summary>A file of the node that the job expects to find. Its content, of any length, follows the description: see <see cref="StagedContent"/>.</summary>
/// <param name="Path">Its path, the same in the machine.</param>
/// <param name="Executable">Whether it may be executed.</param>
sealed record StagedFile(byte[] Path, bool Executable)
{
    /// <summary>Its content; null for what is under its path on the node.</summary>
    [JsonIgnore]
    public byte[]? Content { get; init; }

    /// <summary>Opens the content, on the node.</summary>
    /// <exception cref="LinuxException">There is no such file, or it may not be read.</exception>
    public Stream Open() => Content is { } bytes ? new MemoryStream(bytes)
        : new FileStream(new SafeFileHandle(Descriptor.Open(Path, OpenMode.Read).Number, ownsHandle: true), FileAccess.Read, bufferSize: 0);
}
