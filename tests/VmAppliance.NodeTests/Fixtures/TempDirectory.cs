namespace VmAppliance.NodeTests.Fixtures;

/// <summary>A directory of a test's own.</summary>
sealed class TempDirectory : IDisposable
{
    /// <summary>Its path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("vma-node-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
