using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Files as they were at one time, to be put back.</summary>
/// <param name="files">Their paths, and the permission bits that one has which was removed meanwhile; one that does not exist will not exist again.</param>
sealed class KeptFiles(params (string Path, int Mode)[] files)
{
    readonly List<(string Path, int Mode, byte[]? Content)> _files = [.. files.Select(f => (f.Path, f.Mode, File.Exists(f.Path) ? File.ReadAllBytes(f.Path) : null))];

    /// <summary>Puts them back.</summary>
    /// <exception cref="IOException">One cannot be written.</exception>
    public void Restore()
    {
        foreach (var (path, mode, content) in _files)
            if (content is not null)
                Files.WriteOver(path, content, mode);
            else
                File.Delete(path);
    }
}
