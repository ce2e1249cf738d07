using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Where the run directory lies below one that only its owner enters, as a checkout in root's home does: with names that have blanks, made with a narrow umask.</summary>
[ParallelLimiter<TwoMachines>]
sealed class ClosedDirectoryTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task TheDemoRunsThere()
    {
        var home = $"{Session.Directory}/o w";
        Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // It imports the image, which makes a template; then a machine is resumed from that.
        var demo = await new Command("sh", "-c", "umask 077; exec \"$@\"", "sh", Repository.At("packaging/demo.sh"), Repository.Binary, Repository.Image, $"{home}/demo").Run();
        var cold = await new Command(Repository.Binary, "run", "--config", $"{home}/demo/vmappliance.ini", "--image", "demo", "--cold", "--", "id", "-un").Behind("sh", "-c", "umask 077; exec \"$@\"", "sh").Run();
        var check = await new Command(Repository.Binary, "--config", $"{home}/demo/vmappliance.ini", "maintenance", "check").Run();

        await Assert.That(demo.Status).IsEqualTo(0).Because($"{demo}");
        await Assert.That(demo.ErrorText).Contains("resume ");
        await Assert.That(demo.Text).Contains("exit status of the job: 7 (7 was asked for)").And.Contains("image demo: template");
        await Assert.That((cold.Status, cold.Text)).IsEqualTo((0, "nobody\n")).Because($"{cold}");
        await Assert.That(check.Lines[^1]).IsEqualTo("this node can run jobs in machines").Because($"{check}");
        Directory.Delete(home, recursive: true);
    }
}
