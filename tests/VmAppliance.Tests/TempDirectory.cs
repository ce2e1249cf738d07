namespace VmAppliance.Tests;

/// <summary>A directory of one test's own, gone with the test.</summary>
sealed class TempDirectory : IDisposable
{
    /// <summary>Makes it below the system's directory for temporary files, or below another.</summary>
    public TempDirectory(string? below = null) => Path = below is null
        ? Directory.CreateTempSubdirectory("vma-test-").FullName
        : Directory.CreateDirectory($"{below}/vma-test-{Guid.NewGuid():N}").FullName;

    public string Path { get; }

    /// <summary>A path in it.</summary>
    public string this[string name] => $"{Path}/{name}";

    /// <summary>Writes a file into it.</summary>
    /// <returns>Its path.</returns>
    public string Write(string name, string text, int mode = 0x1A4 /* 0644 */)
    {
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], (UnixFileMode)mode);
        return this[name];
    }

    /// <summary>The names in it, sorted.</summary>
    public string Names() => string.Join(' ', Directory.GetFileSystemEntries(Path).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
