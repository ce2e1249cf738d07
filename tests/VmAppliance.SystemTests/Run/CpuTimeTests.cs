using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>A limit of CPU time bounds the whole job, and not only each of its processes.</summary>
[ParallelLimiter<TwoMachines>]
sealed class CpuTimeTests
{
    // Each child uses a part of a second; no process comes near the limit by itself.
    const string Children = "while :; do sh -c 'i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done'; done";

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    // As with Grid Engine's shepherd, the limits are the starter's own.
    Command Limited(int soft, int hard, params IEnumerable<string> words) =>
        Machine.Start(words).Behind("sh", "-c", $"ulimit -S -t {soft}; ulimit -H -t {hard}; exec \"$@\"", "sh") with { Deadline = TimeSpan.FromSeconds(90) };

    [Test]
    public async Task ChildrenTogetherAreToldAtTheSoftLimitAndKilledAtTheHardOne()
    {
        const string script = """
            trap 'echo XCPU' XCPU
            (trap '' HUP XCPU; setsid sh -c "$0" >/dev/null 2>&1 &)
            eval "$0" 2>/dev/null

            """;
        // One after the other: all sessions that a machine has at a time are one job's, with one limit.
        var below = await Limited(300, 600, "sh", "-c", "ulimit -S -t; ulimit -H -t").Run();
        var result = await Limited(2, 6, "sh", "-c", script, Children).Run();

        await Assert.That(below.ToString()).IsEqualTo("status 0, output '300\n600\n', errors ''");
        await Assert.That(result.Status).IsEqualTo(137);
        await Assert.That(result.Lines).Contains("XCPU");
        await Assert.That(result.ErrorText).EndsWith("vmappliance: run job, sh: all of its CPU time is used up, 6 s (h_cpu)\n");
        // What had left the job's session is gone with it.
        await Assert.That((await Machine.Script("ps -eo args | grep -c 'lt 1000[0]'").Run()).Text).IsEqualTo("0\n");
    }
}
