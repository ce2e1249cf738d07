using VmAppliance.Configuration;

namespace VmAppliance.Tests.Storage;

/// <summary>Settings to begin with.</summary>
static class Sample
{
    public static StorageSettings Storage(CopyKind copy, string directory) =>
        new(StorageKind.File, copy, directory, "", 10L << 30, 16 << 10, false, 40L << 30, 64 << 10);
}
