using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>What one owner cannot do to another's machine, a second hook to a running job, and a job's environment to root's hooks.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class IsolationTests
{
    const string Connect = "use IO::Socket::UNIX; exit(IO::Socket::UNIX->new(Peer => $ARGV[0]) ? 0 : 1)";

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task NobodyElseReachesARunningJob()
    {
        var trap = await Trap();
        await using var job = await Cell.Submit(new Submission("vm.q")
        {
            Script = "trap 'echo \"bye $OPENSSL_CONF\"; exit 0' USR1; echo up; while :; do sleep 0.1; done 2> /dev/null\n",
            Options = ["-v", $"PATH={trap}:/usr/bin:/bin", "-v", $"OPENSSL_CONF={trap}/openssl.cnf", "-v", $"OPENSSL_MODULES={trap}", "-v", "DOTNET_gcServer=1",
                "-v", $"DOTNET_DiagnosticPorts={trap}/port", "-v", $"DOTNET_STARTUP_HOOKS={trap}/hook.dll", "-v", "DOTNET_GCHeapHardLimit=100000"],
        });
        await job.Says("up\n");
        var machine = job.Machine!;
        await Cell.As(Cell.Owner, "sh", "-c", $"cp {trap}/* {Cell.Home}/tmp/{job.Id}.1.vm.q/").Require();

        await Assert.That(machine.Status("Groups").Except(await GroupsOf(Cell.Owner, machine))).IsEmpty();
        await OtherOwnerIsRefused(job, machine);
        await SecondPrologIsRefused(job);
        await Assert.That(await Cell.Node.Maintenance("reap").Require()).DoesNotContain(job.Id);
        await Assert.That(job.Machine?.Pid).IsEqualTo(machine.Pid);
        await Assert.That(Monitor.Status($"{job.Lease}/qmp.sock")).IsEqualTo("running");

        job.Starter.Signal(Native.SIGUSR1);
        await Assert.That((await job.End()).Summary).IsEqualTo($"status 0, output 'up\nbye {trap}/openssl.cnf\n', errors ''");
        await Assert.That(File.Exists($"{trap}/ran") ? await File.ReadAllTextAsync($"{trap}/ran") : "").IsEqualTo("");
    }

    // Whoever owns a process can make it do what its groups may: root's group, and any but the owner's, must not be among them.
    static async Task<IReadOnlyList<string>> GroupsOf(string owner, RunningProcess machine)
    {
        var groups = (await new Command("id", "--groups", owner).Require()).Split(' ', StringSplitOptions.TrimEntries);
        return !machine.CommandLine.Contains("accel=kvm", StringComparison.Ordinal) ? groups
            : [.. groups, .. (await new Command("stat", "--format=%g", "/dev/kvm").Require()).Trim() is not "0" and var kvm ? [kvm] : Array.Empty<string>()];
    }

    async Task OtherOwnerIsRefused(GridJob job, RunningProcess machine)
    {
        foreach (var file in new[] { "pass.json", "record.json", "port.in", "port.out", "lock" })
            await Fails($"Permission denied", "dd", $"if={job.Lease}/{file}", "iflag=nonblock");
        foreach (var socket in new[] { "qmp.sock", "console.sock" })
            await Fails("", "perl", "-e", Connect, $"{job.Lease}/{socket}");
        foreach (var pid in new[] { machine.Pid, job.Starter.Pid })
            await Fails("not permitted", "sh", "-c", $"kill -STOP {pid}");
        string[] asTheJob = ["env", $"JOB_ID={job.Id}", "SGE_TASK_ID=undefined", "QUEUE=vm.q"];
        foreach (var method in new[] { "suspend", "resume", "terminate" })
            await Fails("vmappliance: ", [.. asTheJob, $"{Cell.Node.Hooks}/{method}", job.Id, "0", $"{job.Starter.Pid}"]);
        await Fails("vmappliance: ", [.. asTheJob, $"{Cell.Node.Hooks}/starter", "id"]);
    }

    async Task Fails(string reason, params IEnumerable<string> words)
    {
        var result = await Cell.As(Cell.Other, words).Run();
        await Assert.That(result.Status).IsNotEqualTo(0).Because($"{string.Join(' ', words)}: {result}");
        await Assert.That(result.ErrorText).Contains(reason).Because(string.Join(' ', words));
        await Assert.That(result.Text).IsEqualTo("");
    }

    async Task SecondPrologIsRefused(GridJob job)
    {
        var prolog = await new Command($"{Cell.Node.Hooks}/prolog") { Environment = new Dictionary<string, string> { ["SGE_JOB_SPOOL_DIR"] = job.Spool } }.Run();
        await Assert.That(prolog.Status).IsEqualTo(99);
        await Assert.That(prolog.ErrorLines[0]).StartsWith($"vmappliance: claim slot, job {job.Id}.1: this job has a machine here already, and it is in use");
    }

    // Programs by the names of those that hooks call; each leaves a word when it is run.
    async Task<string> Trap()
    {
        var directory = await Cell.NewDirectory();
        foreach (var tool in new[] { "getent", "setpriv", "ip", "qemu-system-x86_64", "qemu-img", "sudo", "cp", "rm", "sh", "mkfifo", "id" })
        {
            await File.WriteAllTextAsync($"{directory}/{tool}", $"#!/bin/bash\necho \"{tool} as $EUID\" >> {directory}/ran\n");
            await new Command("chmod", "755", $"{directory}/{tool}").Require();
        }
        await File.WriteAllTextAsync($"{directory}/openssl.cnf", "no configuration = = [\n");
        return directory;
    }
}
