using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>A job's working directory: one that its machine does not have is made where the image's section says so, and else the job is refused.</summary>
[ParallelGroup(JobsAtOnce.Group), ParallelLimiter<JobsAtOnce>]
sealed class DirectoryTests
{
    [ClassDataSource<Cell>(Shared = SharedType.PerTestSession)]
    public required Cell Cell { get; init; }

    [Test]
    public async Task MissingDirectoryIsMadeEmptyAndRoots()
    {
        using var directory = new NodeDirectory();
        var job = await Cell.Run(new Submission("vm.q")
        {
            Script = "pwd; stat -c '%U:%G %a' . ..; ls -A | wc -l; touch mine 2>/dev/null || echo not mine\n", Options = ["-wd", directory.Path],
        });

        await Assert.That(job.Summary).IsEqualTo($"status 0, output '{directory.Path}\nroot:root 755\nroot:root 755\n0\nnot mine\n', errors ''");
    }

    // On the node a job whose directory is not there is in error, too: its results would be lost.
    [Test]
    public async Task MissingDirectoryIsRefusedWhereNothingIsSaid()
    {
        using var directory = new NodeDirectory();
        await using var queue = await GridQueue.Add(Cell, "strict.q", Cell.Session.With("strict", "queue:strict.q.image = demo"));
        await Refused(queue, directory.Path);
    }

    [Test]
    public async Task NothingIsMadeWhereTheSystemLives() => await Refused(new GridQueue(Cell, "vm.q"), await Cell.NewDirectory());

    async Task Refused(GridQueue queue, string directory)
    {
        await using var job = await Cell.Submit(new Submission(queue.Name) { Script = "echo it ran\n", Options = ["-wd", directory] });
        await job.Started();
        await job.Becomes("Eqw");

        await Assert.That(job.Output).IsEqualTo("");
        await Assert.That(job.Errors).Contains($": its working directory, {directory}, is not in the machine\n(hint: missing_directory = make ");
        await Assert.That(await queue.State()).IsEqualTo("");
    }

    /// <summary>A directory of the node's that no image has, which everybody may use.</summary>
    sealed class NodeDirectory : IDisposable
    {
        readonly string _top = $"/var/vma-test-{Guid.NewGuid():N}";

        public NodeDirectory() => Directory.CreateDirectory(Path, (UnixFileMode)0x1FF /* 0777 */);

        /// <summary>Its path.</summary>
        public string Path => $"{_top}/work";

        public void Dispose() => Directory.Delete(_top, recursive: true);
    }
}
