using System.Security.Cryptography;
using System.Text;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A job's standard streams.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class StreamTests
{
    const int Megabytes = 100;

    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task HundredMegabytesAndAFileOfInput()
    {
        var input = Path.Combine(await Cell.NewDirectory(), "input");
        var megabyte = RandomNumberGenerator.GetBytes(1 << 20);
        await File.WriteAllBytesAsync(input, megabyte);
        await using var job = await Cell.Submit(new Submission("vm.q")
        {
            Script = $"cat > /tmp/input; i=0; while [ $i -lt {Megabytes} ]; do cat /tmp/input; i=$((i+1)); done; echo done >&2\n",
            Options = ["-i", input],
        });
        var end = await job.End();

        await Assert.That(end.Account.ExitStatus).IsEqualTo(0);
        await Assert.That(end.Errors).IsEqualTo("done\n");
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < Megabytes; i++)
            expected.AppendData(megabyte);
        await using var output = File.OpenRead($"{job.Directory}/out");
        await Assert.That(Convert.ToHexString(await SHA256.HashDataAsync(output))).IsEqualTo(Convert.ToHexString(expected.GetCurrentHash()));
    }

    [Test]
    public async Task InteractiveCommandIsAShellLine()
    {
        await using var qrsh = (Qrsh("cat; echo a; echo b >&2; exit 7") with { KeepInputOpen = true }).Start();
        await qrsh.Say("first");
        // It comes back while the input is still open.
        await Task.WhenAny(qrsh.Output.Contains("first\n"), qrsh.Ended);
        await Assert.That(qrsh.Ended.IsCompleted ? (await qrsh.Ended).ToString() : "").IsEqualTo("");
        await qrsh.Say("second");
        await qrsh.Input.DisposeAsync();

        await Assert.That((await qrsh.Ended).ToString())
            .IsEqualTo(new CommandResult(7, "first\nsecond\na\n"u8.ToArray(), "b\n"u8.ToArray()).ToString());
    }

    [Test]
    public async Task InteractiveCommandWithoutAShell()
    {
        var result = await Qrsh("-noshell", "printf", "[%s]", "a  b", "$HOME", "; id").Run();

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(0, Encoding.UTF8.GetBytes("[a  b][$HOME][; id]"), []).ToString());
    }

    // On a terminal of its own Grid Engine 8.1.9 cannot run a prolog.
    Command Qrsh(params IEnumerable<string> words) => Cell.As(Cell.Owner, ["qrsh", "-q", "vm.q", "-now", "n", "-pty", "no", .. words]);
}
