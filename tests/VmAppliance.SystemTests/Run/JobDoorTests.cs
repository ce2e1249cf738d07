using System.Text;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>The agent starts the job of a session of its sshd, and nobody else's: it would let a process out of its job's own sandbox.</summary>
[ParallelLimiter<TwoMachines>]
sealed class JobDoorTests
{
    const string Inner = """{"nonce":"AB","arguments":["c2g=","LWM=","cHMgLW8gYXJncz0gLXAgJFBQSUQ="],"environment":["UEFUSD0vdXNyL2Jpbg=="],"directory":"Lw==","umask":18,"limits":[],"files":[],"scratch":[],"joined":false}""";

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    // A header as the starter sends it, to a launcher that the job itself starts; the inner job tells its parent's name.
    static string Script()
    {
        var header = Encoding.ASCII.GetBytes(Inner);
        var bytes = Convert.ToBase64String([.. BitConverter.GetBytes(header.Length), .. header, (byte)'\n']);
        return $"ps -o user=,args= -p $PPID; echo {bytes} | base64 -d | /usr/bin/vmappliance guest exec 2>/dev/null | tr -d '\\0'";
    }

    [Test]
    public async Task OnlySessionsAreServed()
    {
        var lines = (await Session.With("door").Script(Script()).Require()).Split('\n');
        await Assert.That(lines[0]).Matches("^root +/usr/bin/vmappliance guest$");
        await Assert.That(lines).Contains("/usr/bin/vmappliance guest exec");
    }

    // Each of them is the agent's child, and stays while the next one comes.
    [Test]
    public async Task AsManySessionsAreServedAsCome()
    {
        var jobs = new List<RunningCommand>();
        try
        {
            for (var number = 0; number < 6; number++)
            {
                jobs.Add((Machine.Script("ps -o user=,args= -p $PPID; echo up; cat") with { KeepInputOpen = true }).Start());
                await jobs[^1].Output.Contains("up\n");
            }
        }
        finally
        {
            foreach (var job in jobs)
                await job.Input.DisposeAsync();
        }
        foreach (var job in jobs)
        {
            var result = await job.Ended;
            await job.DisposeAsync();
            await Assert.That((result.Status, result.Lines[0])).IsEqualTo((0, "root     /usr/bin/vmappliance guest"));
        }
    }
}
