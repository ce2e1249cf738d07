using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

/// <summary>A small root file system as an archive.</summary>
static class Tar
{
    /// <summary>Writes one.</summary>
    /// <param name="compress">tar's option for it, e.g. <c>--gzip</c>.</param>
    /// <returns>Its path.</returns>
    public static string Write(TempDirectory directory, string? compress = null)
    {
        Directory.CreateDirectory(directory["root/etc"]);
        directory.Write("root/etc/marker", "from the archive");
        var path = directory["root.tar"];
        CommandRunner.Require("make archive", ["tar", "--create", .. compress is null ? Array.Empty<string>() : [compress], "--file", path, "--directory", directory["root"], "."]);
        return path;
    }
}
