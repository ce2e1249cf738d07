using System.Text;
using System.Text.RegularExpressions;
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
        await using var directory = await NodeDirectory.Make("work");
        var job = await Cell.Run(new Submission("vm.q")
        {
            Script = "pwd; stat -c '%U:%G %a' . ..; ls -A | wc -l; touch mine 2>/dev/null || echo not mine\n", Options = ["-wd", directory.Path],
        });

        await Assert.That(job.Summary).IsEqualTo($"status 0, output '{directory.Path}\nroot:root 755\nroot:root 755\n0\nnot mine\n', errors ''");
    }

    // é as Latin-1 has it is no UTF-8: in the directory, in a variable, and in an argument.
    [Test]
    public async Task NamesThatAreNoTextAreTheSame()
    {
        await using var directory = await NodeDirectory.Make("work-\xe9");
        var jobs = await Task.WhenAll(new[] { "vm.q", "native.q", "plain.q" }.Select(q => Cell.Run(new Submission(q)
        {
            Script = "{ pwd; echo $NAME; echo $SGE_CWD_PATH; } | od -An -c\n",
            RawOptions = ["-wd"u8.ToArray(), Encoding.Latin1.GetBytes(directory.Path), "-v"u8.ToArray(), Encoding.Latin1.GetBytes("NAME=\xe9")],
        })));

        await Assert.That(jobs[0].Summary).IsEqualTo(jobs[2].Summary);
        await Assert.That(jobs[1].Summary).IsEqualTo(jobs[2].Summary);
        await Assert.That(Regex.Count(jobs[0].Output, @"\b351\b")).IsEqualTo(3);
    }

    // On the node a job whose directory is not there is in error, too: its results would be lost.
    [Test]
    public async Task MissingDirectoryIsRefusedWhereNothingIsSaid()
    {
        await using var directory = await NodeDirectory.Make("work");
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
    sealed class NodeDirectory : IAsyncDisposable
    {
        readonly string _top = $"/var/vma-test-{Guid.NewGuid():N}";

        NodeDirectory(string name) => Path = $"{_top}/{name}";

        /// <summary>Its path, a character for each byte.</summary>
        public string Path { get; }

        /// <summary>Makes it.</summary>
        public static async Task<NodeDirectory> Make(string name)
        {
            var made = new NodeDirectory(name);
            await new Command("mkdir", "-p", "-m", "777").And(Encoding.Latin1.GetBytes(made.Path)).Require();
            return made;
        }

        public async ValueTask DisposeAsync() => await new Command("rm", "-r", _top).Require();
    }
}
