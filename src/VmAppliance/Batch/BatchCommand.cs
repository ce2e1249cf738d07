namespace VmAppliance.Batch;

/// <summary>What a batch system wants run, as it would have run it on the node. Names are bytes: a file's need not be text.</summary>
/// <param name="Arguments">Program and arguments.</param>
/// <param name="Argv0">What the program is to be called; null for its own name.</param>
/// <param name="Files">Files of the batch system that the job may open: path, content (null for what is under that path), executable.</param>
/// <param name="Scratch">Directories that the job may use.</param>
/// <param name="Input">A file that is its standard input; null for the starter's.</param>
sealed record BatchCommand(IReadOnlyList<byte[]> Arguments, byte[]? Argv0, IReadOnlyList<(byte[] Path, byte[]? Content, bool Executable)> Files,
    IReadOnlyList<byte[]> Scratch, byte[]? Input);
