namespace VmAppliance.SystemTests.GridEngine;

/// <summary><c>-b y</c> and shell_start_mode: what is started, with which words.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class ProgramTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task WordsArriveByteForByte()
    {
        string[] words = ["", "two  words", "it's \"q\" $HOME * ; id \\n", "one\ntwo\n\nthree", "-v", "ünïcode", "\t", ""];
        // printf repeats its format for every argument: each ends with a zero byte.
        var job = await Cell.Run(new Submission("vm.q") { Words = ["printf", "%s\\0", .. words], Options = ["-shell", "n"] });

        await Assert.That(job.Summary).IsEqualTo($"status 0, output '{string.Concat(words.Select(w => $"{w}\0"))}', errors ''");
    }

    [Test]
    public async Task ScriptsFirstLineCountsWhereTheQueueSaysSo()
    {
        var job = await Cell.Run(new Submission("unix.q")
        {
            Script = "#!/usr/bin/awk -f\nBEGIN { print \"awk\", ARGC - 1, ARGV[1]; exit 137 }\n",
            Words = ["one word", ""],
        });

        await Assert.That(job.Summary).IsEqualTo("status 137, output 'awk 2 one word\n', errors ''");
        await Assert.That(job.Account.Failed).IsEqualTo(0);
    }

    [Test]
    [Arguments("/etc/passwd/x/y")]
    [Arguments("/run/modprobe.d/x")]
    public async Task ProgramThatCannotBeIsTheJobsMistakeAndNothingIsMadeForIt(string program)
    {
        var job = await Cell.Run(new Submission("vm.q") { Words = [program] });

        // As on the node: no machine that cannot be made, no queue in error state.
        await Assert.That(job.Account.Failed).IsEqualTo(0);
        await Assert.That(job.Account.ExitStatus).IsBetween(126, 127);
        await Assert.That(job.Errors).Contains(program);
        await Assert.That(await new GridQueue(Cell, "vm.q").State()).IsEqualTo("");
    }
}
