using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Faults;

/// <summary>What cannot be is refused before a machine is started: one sentence, a hint, the right status, nothing left.</summary>
sealed class RefusalTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task MissingImage() =>
        await Refuses(Session.With("no-image").Command("run", "--image", "nope", "--", "true"), 1, "find image, nope: it is not in the catalogue", "there are: demo", Session.With("no-image"));

    [Test]
    public async Task MissingQemu()
    {
        var node = Session.With("no-qemu", "appliance.qemu = /nonexistent/qemu");
        await Refuses(node.Run("true"), 1, "find QEMU, /nonexistent/qemu: it is not installed", "install qemu-system-x86", node);
    }

    [Test]
    public async Task QemuThatIsNoQemu()
    {
        var node = Session.With("bad-qemu", "appliance.qemu = /bin/ls", "appliance.accel = tcg");
        await Refuses(node.Run("true"), 1, "start machine, vma-run", "vmappliance maintenance check", node);
    }

    [Test]
    public async Task MissingBridge()
    {
        var node = Session.With("no-bridge", "network.kind = tap", "network.bridge = vmabr-none");
        await Refuses(node.Run("true"), 1, "join bridge, vmabr-none", "ip link add vmabr-none type bridge", node);
    }

    // Grid Engine calls the prolog on the first host alone.
    [Test]
    public async Task ParallelJobOverSeveralHosts()
    {
        var node = Session.With("hosts", "queue:pe.q.image = demo");
        var spool = $"{Session.Directory}/active_jobs/91.1";
        Directory.CreateDirectory(spool);
        await File.WriteAllTextAsync($"{spool}/config", "job_owner=nobody\nqueue=pe.q\njob_id=91\nja_task_id=0\n");
        await File.WriteAllTextAsync($"{spool}/pe_hostfile", "node1 1 pe.q@node1 UNDEFINED\nnode2 1 pe.q@node2 UNDEFINED\n");

        await Refuses(new Command($"{node.Hooks}/prolog") { Environment = new Dictionary<string, string> { ["SGE_JOB_SPOOL_DIR"] = spool } }, 100,
            "prepare job, job 91.1: it goes over 2 hosts", "allocation_rule", node);
    }

    [Test]
    public async Task CommandsOfAnOrdinaryUser()
    {
        foreach (var command in new[] { Session.Standard.Run("true"), Session.Standard.Maintenance("status"), Session.Standard.Maintenance("reap") })
            await Refuses(command.Behind("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"), 64, "only root", "use sudo", Session.With("ordinary"));
    }

    [Test]
    public async Task ConfigurationThatOthersCanWrite()
    {
        var file = await WriteConfiguration("writable", "[slots]\ncount = 1\n");
        File.SetUnixFileMode(file, (UnixFileMode)0b110_110_110);

        await Refuses(Session.Standard.Command("--config", file, "run", "--", "true"), 78, $"read configuration, {file}: somebody else than root can write to it", "chmod 644", Session.With("ordinary"));
    }

    [Test]
    [Arguments("/nonexistent.ini")]
    [Arguments("/etc")]
    public async Task ConfigurationThatCannotBeRead(string file) =>
        await Refuses(Session.Standard.Command("--config", file, "maintenance", "config"), 78, $"read configuration, {file}: ", "it must be a regular file", Session.With("ordinary"));

    [Test]
    public async Task AllProblemsOfAConfigurationAreToldAtOnce()
    {
        var file = await WriteConfiguration("problems", """
            [slots]
            cuont = 2
            memory = lots
            [netwrok]
            kind = user
            [appliance]
            accel = warp
            [queue:a.q]
            """ + "\nlost_status = 300\n");

        var result = await Session.Standard.Command("--config", file, "maintenance", "config").Run();

        await Assert.That(result.Status).IsEqualTo(78);
        await Assert.That(result.Text).IsEqualTo("");
        foreach (var problem in new[] { "[slots] cuont: there is no such key (did you mean 'count'?)", "[slots] memory: 'lots'", "[netwrok]: there is no such section (did you mean 'network'?)",
            "[appliance] accel: 'warp' must be one of auto, kvm, tcg", "[queue:a.q] image: is missing", "[queue:a.q] lost_status: '300'" })
            await Assert.That(result.ErrorText).Contains(problem);
        await Assert.That(result.ErrorText).Contains("6 problems");
        await Assert.That(result.ErrorLines[^1]).StartsWith("(hint: ");
    }

    [Test]
    [Arguments("run", "--no-such-option")]
    [Arguments("run")]
    [Arguments("no-such-mode")]
    [Arguments("maintenance", "image", "import")]
    [Arguments("run", "--memory", "lots", "--", "true")]
    [Arguments("run", "--cpus", "many", "--", "true")]
    public async Task WrongCommandLines(params string[] arguments)
    {
        var result = await Session.Standard.Command(arguments).Run();

        await Assert.That(result.Status).IsEqualTo(64).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("");
        await Assert.That(result.ErrorLines.Length).IsEqualTo(2).Because(result.ErrorText);
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: read command line");
        await Assert.That(result.ErrorLines[1]).StartsWith("(hint: ");
    }

    static async Task Refuses(Command command, int status, string reason, string hint, Node node)
    {
        var result = await command.Run();

        await Assert.That(result.Status).IsEqualTo(status).Because($"{result}");
        await Assert.That(result.Text).IsEqualTo("");
        await Assert.That(result.ErrorLines.Length).IsEqualTo(2).Because(result.ErrorText);
        await Assert.That(result.ErrorLines[0]).StartsWith("vmappliance: ").And.Contains(reason);
        await Assert.That(result.ErrorLines[1]).StartsWith("(hint: ").And.Contains(hint);
        await Assert.That(node.Rests()).IsEmpty();
    }

    async Task<string> WriteConfiguration(string name, string text)
    {
        var file = $"{Session.Directory}/{name}.ini";
        await File.WriteAllTextAsync(file, text);
        return file;
    }
}
