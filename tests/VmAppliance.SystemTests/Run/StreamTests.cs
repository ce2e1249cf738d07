using System.Security.Cryptography;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Standard input, output and error are the command's own, byte for byte.</summary>
[ParallelLimiter<TwoMachines>]
sealed class StreamTests
{
    const int Large = 5 << 20;

    // printf '\000\001…\377': every byte there is, no newline at the end.
    static readonly string s_printf = string.Concat(Enumerable.Range(0, 256).Select(n => $"\\{Convert.ToString(n, 8).PadLeft(3, '0')}"));
    static readonly byte[] s_allBytes = [.. Enumerable.Range(0, 256).Select(n => (byte)n)];

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    public async Task OutputAndErrorsAreKeptApartAndExact()
    {
        var result = await Machine.Script($"printf '{s_printf}'; printf 'E{s_printf}E' >&2").Run();

        await Assert.That(result.Status).IsEqualTo(0);
        await Assert.That(Convert.ToHexString(result.Output)).IsEqualTo(Convert.ToHexString(s_allBytes));
        await Assert.That(Convert.ToHexString(result.Errors)).IsEqualTo(Convert.ToHexString([(byte)'E', .. s_allBytes, (byte)'E']));
    }

    [Test]
    public async Task OneFileForBothKeepsTheOrder()
    {
        const string Alternating = "i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done; exec missing";
        var result = await Machine.Script(Alternating).Behind("sh", "-c", "exec \"$@\" 2>&1", "sh").Run();

        await Assert.That(result.Text).StartsWith(string.Concat(Enumerable.Range(0, 300).Select(i => $"o{i}\ne{i}\n")) + "sh: ");
    }

    // A batch job's script may carry its data with it. Neither side ever holds all of it; what had to fit into one description was lost, and tried again for ever.
    [Test]
    public async Task AScriptOfAnyLengthArrives()
    {
        const long Length = 70 << 20;
        var script = $"{Machine.Owner.Home}/long-script";
        await File.WriteAllTextAsync(script, "#!/bin/sh\nwc -c <$0; rm $0; exit 3\n");
        await using (var file = File.OpenWrite(script))
            file.SetLength(Length);
        var command = Machine.Start(script);
        var result = await (command with
        {
            Environment = new Dictionary<string, string>(command.Environment) { ["JOB_SCRIPT"] = script, ["SGE_STARTER_SHELL_START_MODE"] = "unix_behavior" },
        }).Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(3, System.Text.Encoding.ASCII.GetBytes($"{Length}\n"), []).ToString());
        File.Delete(script);
    }

    [Test]
    public async Task ReasonOfAProgramThatIsMissingIsInItsPlace()
    {
        var result = await Machine.Start("/nowhere").Behind("sh", "-c", "exec \"$@\" 2>&1", "sh").Run();

        await Assert.That(result.ToString()).IsEqualTo(
            new CommandResult(100, "vmappliance: start job, /nowhere: No such file or directory\n"u8.ToArray(), []).ToString());
    }

    [Test]
    public async Task MebibytesOfOutputArriveWhole()
    {
        var result = await Machine.Script($"head -c {Large} /dev/urandom | tee /dev/stderr | sha256sum >/tmp/sum; cat /tmp/sum").Run();

        await Assert.That(result.Errors.Length).IsEqualTo(Large);
        await Assert.That(result.Text).StartsWith(Convert.ToHexStringLower(SHA256.HashData(result.Errors)));
    }

    [Test]
    public async Task MebibytesOfInputArriveWholeAndEnd()
    {
        var input = RandomNumberGenerator.GetBytes(Large);

        var result = await (Machine.Start("sha256sum") with { Input = input }).Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, System.Text.Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(input))}  -\n"), []).ToString());
    }

    [Test]
    public async Task InputIsStreamed()
    {
        await using var cat = (Machine.Start("cat") with { KeepInputOpen = true }).Start();

        await cat.Say("first");
        await cat.Output.Contains("first\n");
        await cat.Say("second");
        await cat.Output.Contains("second\n");
        await cat.Input.DisposeAsync();

        await Assert.That((await cat.Ended).Text).IsEqualTo("first\nsecond\n");
    }

    [Test]
    public async Task NothingIsHeldBackWhileTheCommandWaits()
    {
        // A conversation in NUL-terminated messages, as programs have it over a pipe.
        await using var command = (Machine.Script("printf 'question\\0'; read answer; echo \"$answer\"") with { KeepInputOpen = true, Deadline = TimeSpan.FromSeconds(20) }).Start();
        await command.Output.Contains("question\0");
        await command.Say("answer");

        await Assert.That((await command.Ended).Text).IsEqualTo("question\0answer\n");
    }

    [Test]
    public async Task NoInputIsAtItsEnd()
    {
        var result = await Machine.Script("wc -c").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, "0\n"u8.ToArray(), []).ToString());
    }

    // Programs look at it to find out whether there is anything to read: rg(1) reads a pipe rather than the files that are there.
    [Test]
    public async Task NoInputIsTheNullDevice()
    {
        await Assert.That(await Machine.Start("readlink", "/proc/self/fd/0").Require()).IsEqualTo("/dev/null\n");
        await Assert.That(await (Machine.Start("readlink", "/proc/self/fd/0") with { Input = [] }).Require()).IsNotEqualTo("/dev/null\n");
    }

    [Test]
    public async Task CommandThatReadsNoInputEnds()
    {
        await using var running = (Machine.Start("true") with { KeepInputOpen = true }).Start();

        await Assert.That((await running.Ended).Status).IsEqualTo(0);
    }

    [Test]
    public async Task DaemonWithItsOutputOpenHoldsNobodyUp()
    {
        var result = await Machine.Script("setsid sleep 1000 & echo done").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, "done\n"u8.ToArray(), []).ToString());
    }

    [Test]
    public async Task CommandWhoseReaderIsGoneDiesOfIt()
    {
        await using var yes = (Machine.Start("yes") with { ReadsOutputItself = true }).Start();

        var first = new byte[2];
        await yes.RawOutput.ReadExactlyAsync(first);
        await yes.RawOutput.DisposeAsync();
        var result = await yes.Ended;

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(128 + 13 /* SIGPIPE */, [], []).ToString());
    }
}
