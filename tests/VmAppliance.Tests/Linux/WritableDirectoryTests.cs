using System.Collections.Concurrent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class WritableDirectoryTests
{
    // Disks are counted by their names: a check beside a machine that runs must not look like one.
    [Test]
    public async Task Nobody_sees_a_name_in_a_directory_that_is_tried()
    {
        using var directory = new TempDirectory();
        var seen = new ConcurrentQueue<string?>();
        using (var watcher = new FileSystemWatcher(directory.Path) { EnableRaisingEvents = true })
        {
            watcher.Created += (_, e) => seen.Enqueue(e.Name);
            watcher.Renamed += (_, e) => seen.Enqueue(e.Name);
            for (var i = 0; i < 10; i++)
                WritableDirectory.Require(directory.Path);
            directory.Write("last", "");
            SpinWait.SpinUntil(() => seen.Contains("last"), TimeSpan.FromSeconds(20));
        }
        await Assert.That(string.Join(' ', seen)).IsEqualTo("last");
    }

    [Test]
    [Arguments("/proc")]
    [Arguments("/nonexistent/directory")]
    public async Task A_directory_that_takes_no_files_is_a_failure(string directory) =>
        await Assert.That(Assert.Throws<LinuxException>(() => WritableDirectory.Require(directory)).Errno).IsNotEqualTo(0);
}
