using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Templates;

/// <summary>Machines are resumed from a template that fits, and boot where there is none; either way the job has what it wants.</summary>
[ParallelLimiter<TwoMachines>]
sealed class TemplateTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    Node Node => Session.With("template");

    static Command Run(Node node, params IEnumerable<string> words) => node.Command(["run", "--timeline", "--image", TestNode.Image, .. words]);

    string Directory => System.IO.Directory.GetDirectories($"{Node.StateDirectory}/images/{TestNode.Image}").Single();

    HashSet<string> Templates() => System.IO.Directory.GetDirectories(Directory, "*template*").ToHashSet();

    // The steps of a cycle that was resumed, and of one that booted.
    static async Task IsResumed(CommandResult result, bool isSo) =>
        await Assert.That(result.ErrorText.Contains(" · resume ", StringComparison.Ordinal)).IsEqualTo(isSo).Because($"{result}");

    // One of an image's templates can be made at a time.
    const string Making = "template";

    /// <summary>Makes a template of a size that only one test uses.</summary>
    async Task<string> Make(string memory)
    {
        var before = Templates();
        await Node.Maintenance("image", "template", TestNode.Image, "--memory", memory).Require();
        return Templates().Except(before).Single();
    }

    [Test]
    public async Task AMachineOfTheTemplatesKindIsResumed() =>
        await IsResumed(await Run(Node, "--", "true").Run(), true);

    [Test]
    [Arguments("--memory", "208MiB")]
    [Arguments("--cpus", "2")]
    public async Task AMachineOfAnotherKindBoots(string option, string value)
    {
        var result = await Run(Node, option, value, "--", "echo", "done").Run();
        await Assert.That((result.Status, result.Text)).IsEqualTo((0, "done\n")).Because($"{result}");
        await IsResumed(result, false);
    }

    [Test]
    public async Task WhereItIsSwitchedOffMachinesBoot() =>
        await IsResumed(await Run(Session.With("template-off", $"image:{TestNode.Image}.template = off"), "--", "true").Run(), false);

    [Test, NotInParallel(Making)]
    public async Task ATemplateCanBeReadByAllAndWrittenByNobody()
    {
        var golden = File.GetLastWriteTimeUtc($"{Directory}/disk.raw");
        var template = await Make("216MiB");
        await Assert.That(System.IO.Directory.GetFiles(template).Order().Select(f => $"{Path.GetFileName(f)} {Convert.ToString((int)File.GetUnixFileMode(f), 8)}"))
            .IsEquivalentTo(["disk.raw 444", "empty.qcow2 444", "memory 444", "state 444", "template.json 644"]);
        var written = System.IO.Directory.GetFiles(template).ToDictionary(f => f, File.GetLastWriteTimeUtc);
        await Run(Node, "--memory", "216MiB", "--", "sh", "-c", "echo x >/var/tmp/x; sync").Require();
        await Assert.That(System.IO.Directory.GetFiles(template).ToDictionary(f => f, File.GetLastWriteTimeUtc)).IsEquivalentTo(written);
        await Assert.That(File.GetLastWriteTimeUtc($"{Directory}/disk.raw")).IsEqualTo(golden);
        await Assert.That((await Run(Node, "--memory", "216MiB", "--", "ls", "/var/tmp").Run()).Text).IsEqualTo("");
    }

    [Test, NotInParallel(Making)]
    [Arguments("state", "224MiB")]
    [Arguments("memory", "232MiB")]
    public async Task WhereATemplateIsBrokenTheMachineBoots(string file, string memory)
    {
        var template = await Make(memory);
        await using (var stream = File.OpenWrite($"{template}/{file}"))
            stream.SetLength(stream.Length / 3 / 4096 * 4096);
        var result = await Run(Node, "--memory", memory, "--", "echo", "done").Run();
        await Assert.That((result.Status, result.Text)).IsEqualTo((0, "done\n")).Because($"{result}");
        await IsResumed(result, false);
        // A new one takes its place.
        await Assert.That(await Make(memory)).IsNotEqualTo(template);
        await Assert.That(System.IO.Directory.Exists(template)).IsFalse();
        await IsResumed(await Run(Node, "--memory", memory, "--", "true").Run(), true);
    }

    [Test, NotInParallel(Making)]
    public async Task KilledWhileItIsMadeItLeavesNothingForEver()
    {
        var (node, before) = (Session.With("template-killed"), Templates());
        using (var phase = new LeasePhase(node))
        await using (var making = node.Maintenance("image", "template", TestNode.Image, "--memory", "240MiB").Start())
        {
            await phase.Reaches("Identifying");
            // Nobody else's: who shared its account could change what becomes the template.
            var uid = node.Machines.Single().Status("Uid").Distinct().Single();
            await Assert.That((await new Command("getent", "passwd", uid).Run()).Text is "" or ['v', 'm', 'a', ..]).IsTrue();
            making.Signal(Native.SIGKILL);
            await making.Ended;
        }
        await Assert.That(node.Machines.Count).IsEqualTo(1);
        await node.Maintenance("reap").Require();
        await Assert.That(node.Rests()).IsEmpty();
        await Assert.That(Templates().Except(before)).IsEmpty();
    }

    [Test, NotInParallel(Making)]
    public async Task WhatJobsHaveMissedIsMadeAndToldAndChecked()
    {
        var (node, before) = (Session.With("template-missed", $"image:{TestNode.Image}.memory = 248MiB"), Templates());
        await IsResumed(await Run(node, "--", "true").Run(), false);
        await Assert.That((await node.Maintenance("image", "list").Require()).Contains("1 cpu 248MiB", StringComparison.Ordinal)).IsFalse();

        await node.Maintenance("image", "template", "--wanted").Require();
        await IsResumed(await Run(node, "--", "true").Run(), true);
        await Assert.That(await node.Maintenance("image", "list").Require()).Contains("1 cpu 248MiB");
        await Assert.That((await node.Maintenance("check").Run()).Text).Contains($"ok       template: {TestNode.Image}, 1 cpu 248MiB");
        // What is made is not wanted any more.
        await Assert.That(await node.Maintenance("image", "template", "--wanted").Require()).DoesNotContain("248MiB");

        var template = Templates().Except(before).Single(t => File.ReadAllText($"{t}/template.json").Contains($"\"memoryBytes\": {248 << 20}", StringComparison.Ordinal));
        await File.AppendAllTextAsync($"{template}/state", "x");
        var check = await node.Maintenance("check", "--verify").Run();
        System.IO.Directory.Delete(template, recursive: true);
        await Assert.That(check.Status).IsEqualTo(1);
        await Assert.That(check.Text).Contains("/state is not what it was when it was made");
    }

    [Test]
    [Arguments("demo --wanted")]
    [Arguments("")]
    [Arguments("--wanted --cpus 2")]
    public async Task EitherOneImageOrWhatIsWanted(string words)
    {
        var result = await Node.Maintenance(["image", "template", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Run();
        await Assert.That((result.Status, result.ErrorText.Contains("either of one image, or all that are wanted", StringComparison.Ordinal))).IsEqualTo((64, true)).Because($"{result}");
    }

    [Test]
    public async Task MachinesThatLearnTheirIdentityFromADiskHaveNone()
    {
        var result = await Session.With("template-seed", $"image:{TestNode.Image}.identity = seed").Maintenance("image", "template", TestNode.Image).Run();
        await Assert.That(result.Status).IsEqualTo(64);
        await Assert.That(result.ErrorText).StartsWith($"vmappliance: make template, {TestNode.Image}: machines of this image cannot be frozen on this node\n");
    }
}
