namespace VmAppliance.SystemTests.GridEngine;

/// <summary>What is submitted.</summary>
/// <param name="Queue">The queue it must run in.</param>
sealed record Submission(string Queue)
{
    /// <summary>The text of a job script; null when <see cref="Words"/> begin with a program (<c>-b y</c>).</summary>
    public string? Script { get; init; }

    /// <summary>Arguments, or program and arguments.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Options of qsub(1).</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Further options, byte for byte.</summary>
    public IReadOnlyList<byte[]> RawOptions { get; init; } = [];

    /// <summary>Who submits it.</summary>
    public string Owner { get; init; } = Cell.Owner;
}
