using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class SpawnTests
{
    static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    static string Cat(string file, IEnumerable<string> argv, IReadOnlyList<byte[]> environment)
    {
        using var child = Child.Start("/bin/cat", [.. new[] { "cat", file, "--" }.Concat(argv).Select(B)], environment);
        return Encoding.Latin1.GetString(child.ReadToEnd());
    }

    // What a status line of /proc says: signals that are ignored, blocked, caught.
    static string Signals(string name)
    {
        using var child = Child.Start("/bin/grep", "^" + name, "/proc/self/status");
        return child.ReadLine()!.Split('\t')[1];
    }

    [Test]
    public async Task A_child_has_huge_pages_though_this_process_has_none()
    {
        _ = Native.prctl(Native.PR_SET_THP_DISABLE, 1, 0, 0, 0);
        using var child = Child.Start("/bin/grep", "^THP_enabled", "/proc/self/status");
        await Assert.That(child.ReadLine()).IsEqualTo("THP_enabled:\t1");
    }

    [Test]
    public async Task Arguments_arrive_byte_for_byte()
    {
        string[] words = ["plain", "", "two words", "line\nbreak", "\t'\"$HOME`;\\", "\x01\x7f", "\xff\xfe\x80 no UTF-8", ""];
        using var child = Child.Start("/bin/sh", [B("sh"), B("-c"), B("exec cat /proc/self/cmdline"), .. words.Select(B)]);
        using var direct = Child.Start("/bin/sh", [B("sh"), B("-c"), B("printf '%s\\0' \"$@\""), B("sh"), .. words.Select(B)]);
        await Assert.That(Encoding.Latin1.GetString(direct.ReadToEnd())).IsEqualTo(string.Concat(words.Select(w => w + "\0")));
        await Assert.That(child.Wait()).IsEqualTo(0);
    }

    [Test]
    public async Task The_environment_arrives_byte_for_byte_and_is_all_there_is()
    {
        byte[][] environment = [B("A=1"), B("EMPTY="), B("LINES=one\ntwo"), B("RAW=\xff\xfe=x"), B("no name at all"), B("A=again")];
        await Assert.That(Cat("/proc/self/environ", [], environment)).IsEqualTo(string.Concat(environment.Select(e => Encoding.Latin1.GetString(e) + "\0")));
    }

    [Test]
    public async Task An_empty_environment_is_empty() => await Assert.That(Cat("/proc/self/environ", [], [])).IsEqualTo("");

    [Test]
    public async Task A_child_has_the_descriptors_it_is_given_and_no_other()
    {
        using var child = Child.Start("/bin/ls", "/proc/self/fd");
        // The fourth is ls's own, of the directory that it lists.
        await Assert.That(Encoding.ASCII.GetString(child.ReadToEnd())).IsEqualTo("0\n1\n2\n3\n");
    }

    [Test]
    [NotInParallel("descriptors")]
    public async Task A_descriptor_that_this_process_inherited_is_not_passed_on()
    {
        // Grid Engine's shepherd hands its own open files to a hook without FD_CLOEXEC.
        using var inherited = Inheritable.Open("/dev/null");
        using var child = Child.Start("/bin/ls", "-l", "/proc/self/fd");
        await Assert.That(Encoding.ASCII.GetString(child.ReadToEnd())).DoesNotContain($" {inherited.Number} ->");
    }

    [Test]
    public async Task Descriptors_can_be_exchanged_and_given_twice()
    {
        var (read, write) = Descriptor.Pipe();
        using (read)
        {
            int pid;
            using (write)
            using (var other = Descriptor.Memory("other", 16))
                // Standard input is this process's pipe, 1 and 3 are the same pipe, 2 is memory.
                pid = Spawn.Start("/bin/sh", [B("sh"), B("-c"), B("echo to two >&2; echo one; echo three >&3")], [], [other.Number, write.Number, other.Number, write.Number]);
            await Assert.That(ProcessHandle.Reap(pid)).IsEqualTo(0);
            var buffer = new byte[64];
            await Assert.That(Encoding.ASCII.GetString(buffer, 0, read.ReadFully(buffer))).IsEqualTo("one\nthree\n");
        }
    }

    [Test]
    public async Task A_child_leads_a_session_and_a_process_group_of_its_own()
    {
        using var child = Child.Start("/bin/sh", "-c", "exec cat /proc/self/stat");
        var fields = child.ReadLine()!.Split(' ');
        await Assert.That((fields[4], fields[5])).IsEqualTo(($"{child.Pid}", $"{child.Pid}"));
    }

    [Test]
    public async Task No_signal_is_ignored_in_a_child()
    {
        // The runtime itself ignores SIGPIPE.
        await Assert.That(File.ReadAllLines("/proc/self/status").Single(l => l.StartsWith("SigIgn", StringComparison.Ordinal))).DoesNotEndWith("0000000000000000");
        await Assert.That(Signals("SigIgn")).IsEqualTo("0000000000000000");
    }

    [Test]
    public async Task No_signal_is_blocked_in_a_child() => await Assert.That(Signals("SigBlk")).IsEqualTo("0000000000000000");

    [Test]
    public async Task A_child_starts_in_the_directory_it_is_given()
    {
        using var directory = new TempDirectory();
        using var child = Child.Start("/bin/pwd", [B("pwd"), B("-P")], directory: directory.Path);
        await Assert.That(child.ReadLine()).IsEqualTo(directory.Path);
    }

    [Test]
    [Arguments("/nonexistent/program", Errno.ENOENT)]
    [Arguments("no-such-program-anywhere", Errno.ENOENT)]
    [Arguments("/etc/passwd", Errno.EACCES)]
    [Arguments("/etc", Errno.EACCES)]
    public async Task A_program_that_cannot_be_started_is_a_failure_with_its_reason(string file, int errno)
    {
        var failure = Assert.Throws<LinuxException>(() => Spawn.Start(file, [B("x")], [], []));
        await Assert.That((failure.Errno, failure.Message)).IsEqualTo((errno, $"exec {file}: {failure.Reason}"));
    }

    [Test]
    public async Task A_directory_that_is_not_there_is_a_failure()
    {
        var failure = Assert.Throws<LinuxException>(() => Spawn.Start("/bin/true", [B("true")], [], [], B("/nonexistent")));
        await Assert.That(failure.Errno).IsEqualTo(Errno.ENOENT);
    }

    [Test]
    [NotInParallel("descriptors")]
    public async Task Starting_children_leaves_no_descriptor_open()
    {
        // Only the numbers where Spawn parks descriptors: other tests open files at the same time.
        var before = Parked();
        for (var i = 0; i < 20; i++)
            Assert.Throws<LinuxException>(() => Spawn.Start("/nonexistent", [B("x")], [], [0, 1, 2]));
        await Assert.That(Parked()).IsLessThan(before + 20);
    }

    static int Parked() => Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget is { } target && target == new FileInfo("/proc/self/fd/0").LinkTarget);
}
