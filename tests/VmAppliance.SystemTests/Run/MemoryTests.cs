using System.Globalization;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>However much a command writes, and however slowly it is read, the process on the node stays small.</summary>
[ParallelLimiter<TwoMachines>]
sealed class MemoryTests
{
    const long Large = 1 << 30;
    const int MostHeldBack = 64; // what could be the beginning of a mark: zeros could
    const int MostKibibytes = 64 << 10;

    [ClassDataSource<NodeSshd>(Shared = SharedType.PerTestSession)]
    public required NodeSshd Machine { get; init; }

    [Test]
    public async Task OutputToAFile()
    {
        var file = $"{Machine.Session.Directory}/large";
        await using var command = (Machine.Script($"head -c {Large} /dev/zero; echo written >&2; cat") with
        {
            OutputFile = file, KeepInputOpen = true, Deadline = TimeSpan.FromMinutes(3),
        }).Start();
        await command.Errors.Contains("written\n");
        await Eventually.Holds("all of it is in the file", () => new FileInfo(file).Length >= Large - MostHeldBack);

        var peak = PeakMemory(command);
        Console.WriteLine($"peak {peak} KiB");
        await command.Input.DisposeAsync();
        var result = await command.Ended;
        File.Delete(file);

        await Assert.That(result.Status).IsEqualTo(0);
        await Assert.That(peak).IsLessThanOrEqualTo(MostKibibytes);
    }

    [Test]
    public async Task SlowReader()
    {
        await using var command = (Machine.Script($"head -c {Large} /dev/zero; echo written >&2; cat") with
        {
            ReadsOutputItself = true, KeepInputOpen = true, Deadline = TimeSpan.FromMinutes(3),
        }).Start();
        var buffer = new byte[1 << 20];
        await command.RawOutput.ReadExactlyAsync(buffer);

        // Nobody reads: everything on the way fills up and then stands still.
        await Eventually.Settles("the flow", () => BytesRead(command));
        var stopped = PeakMemory(command);
        for (var left = Large - buffer.Length - MostHeldBack; left > 0; left -= Math.Min(left, buffer.Length))
            await command.RawOutput.ReadExactlyAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
        await command.Errors.Contains("written\n");
        var peak = PeakMemory(command);
        Console.WriteLine($"peak {peak} KiB, {stopped} KiB while nobody read");
        await command.Input.DisposeAsync();

        await Assert.That((await command.Ended).Status).IsEqualTo(0);
        await Assert.That(stopped).IsLessThanOrEqualTo(MostKibibytes);
        await Assert.That(peak).IsLessThanOrEqualTo(MostKibibytes);
    }

    static int PeakMemory(RunningCommand command) => int.Parse(RunningProcess.Read(command.Pid)!.Status("VmHWM")[0], CultureInfo.InvariantCulture);

    static long BytesRead(RunningCommand command) => long.Parse(File.ReadLines($"/proc/{command.Pid}/io").First().Split(' ')[1], CultureInfo.InvariantCulture);
}
