using System.Text;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

[RequiresRoot]
sealed class NodeProcessesTests
{
    const string Script = "echo started; kill -STOP $$";

    static readonly string[] s_odd = ["", "two words", "line\nbreak", "--option=$HOME", "ünï", "'\"\\", ""];
    static readonly string s_shell = Path.GetFileName(new FileInfo("/bin/sh").ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? "/bin/sh");

    readonly string _mark = $"mark-{Guid.NewGuid():N}";

    // Its arguments can be seen a moment after it was started: once it has said so.
    Child Start(params string[] words) => Start("/bin/sh", ["odd name", "-c", Script, _mark, .. words]);

    static Child Start(string file, IReadOnlyList<string> words)
    {
        var child = Child.Start(file, [.. words.Select(Encoding.UTF8.GetBytes)]);
        return child.ReadLine() == "started" ? child : throw new InvalidOperationException("it did not start");
    }

    List<int> Found(Func<IReadOnlyList<string>, bool>? isSo = null, string? program = null)
    {
        var held = NodeProcesses.Find([program ?? s_shell], isSo ?? (a => a.Contains(_mark)));
        var pids = held.Select(p => p.Pid).ToList();
        foreach (var process in held)
            process.Dispose();
        return pids;
    }

    [Test]
    public async Task A_process_tells_all_its_arguments_however_odd()
    {
        using var child = Start(s_odd);
        await Assert.That(string.Join('|', NodeProcesses.Arguments(child.Pid))).IsEqualTo($"odd name|-c|{Script}|{_mark}|{string.Join('|', s_odd)}");
    }

    [Test]
    public async Task A_process_is_found_by_its_program_and_its_arguments_and_held()
    {
        using var child = Start(s_odd);
        await Assert.That(Found(program: "xl")).IsEmpty();
        var held = NodeProcesses.Find([s_shell], a => a.Contains(_mark)).Single();
        using (held)
        {
            await Assert.That((held.Pid, held.Ended(Deadline.In(TimeSpan.Zero)))).IsEqualTo((child.Pid, false));
            child.Signal(Kill.SIGKILL);
            await Assert.That(child.Wait()).IsEqualTo(128 + Kill.SIGKILL);
            await Assert.That(held.Ended(Deadline.In(TimeSpan.Zero))).IsTrue();
        }
    }

    [Test]
    public async Task All_that_fit_are_found_and_no_other()
    {
        using var first = Start("first");
        using var second = Start("second");
        await Assert.That(string.Join(' ', Found().Order())).IsEqualTo(string.Join(' ', new[] { first.Pid, second.Pid }.Order()));
        await Assert.That(Found(a => a.Contains(_mark) && a[^1] == "second").Single()).IsEqualTo(second.Pid);
        await Assert.That(Found(a => a.Contains(_mark) && a[^1] == "third")).IsEmpty();
    }

    [Test]
    public async Task A_process_that_has_ended_is_not_found_not_even_while_its_parent_has_not_noticed()
    {
        using var child = Start();
        await Assert.That(Found().Single()).IsEqualTo(child.Pid);
        using (var handle = ProcessHandle.Open(child.Pid)!)
        {
            child.Signal(Kill.SIGKILL);
            await Assert.That(handle.Ended(Deadline.In(TimeSpan.FromSeconds(20)))).IsTrue();
        }
        await Assert.That(Found()).IsEmpty();
        child.Wait();
        await Assert.That(Found()).IsEmpty();
    }

    [Test]
    public async Task A_process_that_becomes_another_between_the_two_looks_is_let_go()
    {
        using var child = Start();
        var looks = 0;
        await Assert.That(Found(a => a.Contains(_mark) && looks++ == 0)).IsEmpty();
        await Assert.That(looks).IsEqualTo(2);
    }

    [Test]
    public async Task A_process_of_somebody_else_does_not_count_whatever_it_runs()
    {
        using var stubborn = new StubbornProcess();
        var roots = NodeProcesses.OfRoot("stubborn").ToList();
        await Assert.That((roots.Contains(stubborn.Server), roots.Contains(stubborn.Pid))).IsEqualTo((true, false));
    }

    [Test]
    public async Task A_program_that_was_replaced_while_it_runs_keeps_its_name()
    {
        using var directory = new TempDirectory();
        File.Copy("/bin/sh", directory["tool"]);
        using var child = Start(directory["tool"], ["tool", "-c", Script]);
        File.Delete(directory["tool"]);
        await Assert.That(NodeProcesses.ProgramOf(child.Pid)).IsEqualTo("tool");
    }

    [Test]
    public async Task A_process_that_locks_its_memory_holds_nobody_up()
    {
        using var stubborn = new StubbornProcess(_mark);
        using var child = Start();
        // A thread of its own: what would hang here, hangs in the kernel.
        var looks = Task.Run(() => (NodeProcesses.ProgramOf(stubborn.Pid), NodeProcesses.Arguments(stubborn.Pid).Count, string.Join(' ', Found())));
        await Assert.That(await looks.WaitAsync(TimeSpan.FromSeconds(20))).IsEqualTo(("stubborn", 0, $"{child.Pid}"));
    }

    [Test]
    public async Task This_process_is_among_them() => await Assert.That(NodeProcesses.Pids()).Contains(Environment.ProcessId);
}
