namespace VmAppliance.Processes;

/// <summary>Directories whose content came from elsewhere: its names may be any bytes, and .NET's own methods know only those that are UTF-8.</summary>
static class FileTree
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Removes a directory and all that is in it; one that is gone is no error, mounts in it stay: rm(1).</summary>
    /// <exception cref="Diagnostics.ApplianceException">Something in it could not be removed.</exception>
    public static void Remove(string path) =>
        CommandRunner.Require("remove directory", ["rm", "--recursive", "--force", "--one-file-system", "--", path], Patience);
}
