using VmAppliance.SystemTests.Fixtures;
using static VmAppliance.SystemTests.Fixtures.Native;

namespace VmAppliance.SystemTests.Roots;

/// <summary>The Debian roots of test-fresh and test-matrix: whatever ends the script that made them, nothing of them stays.</summary>
sealed class RootsTests
{
    [Test]
    [Arguments(SIGTERM)]
    [Arguments(SIGINT)]
    [Arguments(SIGHUP)]
    [Arguments(SIGKILL)]
    public async Task NoProcessNoMountAndNoDiskOutlivesTheScript(int signal)
    {
        var home = Directory.CreateTempSubdirectory("roots of vma ").FullName;
        var script = $"{home}/script.sh";
        await File.WriteAllTextAsync(script, $$"""
            #!/bin/bash
            here='{{Repository.At("tests/roots")}}'
            . "$here/lib.sh"
            if [ "${1-}" = --inside ]; then
              mount_disk 64M '{{home}}/place'
              sleep 1000 & setsid sleep 1001 &
              grep -c '/place ' /proc/mounts
              exec sleep 1002
            fi
            enter
            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var running = new Command("bash", script).Start();
        await running.Output.Contains("1\n");
        var inside = RunningProcess.Mentioning(script).Select(p => p.Pid).ToList();
        await Assert.That(inside.Count).IsGreaterThanOrEqualTo(2);

        running.Signal(signal);
        await running.Ended;

        await Eventually.Holds("all of it has ended", () => inside.All(p => !Directory.Exists($"/proc/{p}")));
        await Eventually.Holds("the disk is free", () => !Directory.GetDirectories("/sys/block", "loop*").Any(IsOurs));
        await Assert.That(Directory.GetFileSystemEntries(home).Select(e => Path.GetFileName(e)!).Order(StringComparer.Ordinal)).IsEquivalentTo(["place", "script.sh"]);
        await Assert.That(Directory.GetFileSystemEntries($"{home}/place")).IsEmpty();
        Directory.Delete(home, recursive: true);

        bool IsOurs(string device) => File.Exists($"{device}/loop/backing_file") && Read($"{device}/loop/backing_file").StartsWith(home, StringComparison.Ordinal);
    }

    // It may go meanwhile.
    static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
