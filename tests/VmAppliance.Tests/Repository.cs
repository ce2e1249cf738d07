using System.Runtime.CompilerServices;

namespace VmAppliance.Tests;

/// <summary>The project's own files, found from where this file was compiled.</summary>
static class Repository
{
    public static string Root { get; } = Path.GetFullPath($"{Path.GetDirectoryName(Here())}/../..");

    /// <summary>A file's text.</summary>
    public static string Text(string path) => File.ReadAllText($"{Root}/{path}");

    static string Here([CallerFilePath] string path = "") => path;
}
