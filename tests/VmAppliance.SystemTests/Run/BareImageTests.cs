using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>An image needs little: no Python, no Perl, and no port if it has a seed disk.</summary>
[ParallelLimiter<TwoMachines>]
sealed class BareImageTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task SeedDiskWithoutPerlAndPython()
    {
        var node = Session.With("bare", "image:bare.identity = seed");
        var archive = $"{node.Home}/bare.tar";
        File.Copy($"{Repository.Image}/root.tar", archive);
        await new Command("tar", "--delete", "--wildcards", "--file", archive, "./usr/bin/perl*").Require();
        await node.Maintenance("image", "import", "bare", "--disk", archive, "--kernel", $"{Repository.Image}/kernel", "--initrd", $"{Repository.Image}/initrd",
            "--append", (await File.ReadAllTextAsync($"{Repository.Image}/append")).Trim()).Require();
        File.Delete(archive);

        var result = await node.Command("run", "--image", "bare", "--", "sh", "-c", "command -v perl python3; ls /dev/vdb; cat /dev/vdb; echo works").Run();
        await node.Maintenance("image", "remove", "bare").Require();

        await Assert.That(result.Text).IsEqualTo("/dev/vdb\nworks\n").Because($"{result}");
        // The seed holds the machine's keys: not even its owner reads it.
        await Assert.That(result.ErrorText).Contains("Permission denied");
        await Assert.That(node.Rests()).IsEmpty();
    }
}
