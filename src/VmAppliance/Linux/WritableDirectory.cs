namespace VmAppliance.Linux;

/// <summary>Whether files can be made in a directory: found out without a name that others could see there, or that a kill could leave.</summary>
static class WritableDirectory
{
    const OpenMode Unnamed = (OpenMode)0x410000; // O_TMPFILE, open(2)
    const int OwnerOnly = 0x180; // 0600

    /// <summary>Makes a file and writes to it.</summary>
    /// <exception cref="LinuxException">It cannot be done.</exception>
    public static void Require(string directory)
    {
        try
        {
            using var file = Descriptor.Open(directory, Unnamed | OpenMode.Write, OwnerOnly);
            file.WriteAll([0]);
        }
        catch (LinuxException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.EISDIR)
        {
            // Some file systems have no files without a name: NFS before version 4.2, for one.
            var name = $"{directory}/.check{Environment.ProcessId}";
            Files.Replace(name, [0], OwnerOnly);
            File.Delete(name);
        }
    }
}
