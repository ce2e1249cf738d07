namespace VmAppliance.Jobs.Benchmark;

/// <summary>One way to have a command run in a machine.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="Argv">A program that makes a machine, has a command in it print a line, and destroys the machine.</param>
/// <param name="Environment">NAME=value entries beside a clean environment.</param>
sealed record Way(string Name, IReadOnlyList<string> Argv, params IReadOnlyList<string> Environment);
