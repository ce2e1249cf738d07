using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Images;

/// <summary>Imports what somebody else made.</summary>
static class ForeignDisk
{
    const string Secret = "root:$y$j9T$this is a secret of the node's";

    /// <summary>Has qemu-img make <c>disk</c>, beside a file <c>secret</c> that only its owner may read; DIR is the directory.</summary>
    public static string Make(TempDirectory directory, params string[] options)
    {
        // Half a sector is what QEMU would round up.
        File.WriteAllText(directory["secret"], Secret.PadRight(4096));
        File.SetUnixFileMode(directory["secret"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        CommandRunner.Require("make disk", ["qemu-img", "create", "-q", .. options.Select(o => o.Replace("DIR", directory.Path, StringComparison.Ordinal))]);
        return directory["disk"];
    }

    /// <summary>Imports it as the image <c>demo</c>.</summary>
    public static Image Import(TempDirectory directory, string disk) =>
        new ImageImport(new Catalogue(directory["state"]), mustUnpack: false).Run(new ImportRequest("demo", disk, directory.Write("vmlinuz", "kernel"), null, "", 8 << 20));

    /// <summary>It is not imported, for this reason, and nothing is left.</summary>
    public static async Task IsRefused(TempDirectory directory, string disk, string reason)
    {
        var failure = Assert.Throws<ApplianceException>(() => Import(directory, disk));
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(($"import disk, {disk}: {reason}", Blame.Usage));
        await Assert.That(failure.Hint).IsNotNull();
        await Assert.That(Directory.GetFileSystemEntries(directory["state/images"]).Where(e => !e.EndsWith("/lock", StringComparison.Ordinal))).IsEmpty();
    }
}
