using System.Text;
using VmAppliance.Guest.Agent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest.Agent;

sealed class WorkingDirectoryTests
{
    static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    [Test]
    [Arguments("/")]
    [Arguments("/usr")]
    [Arguments("/usr/share/x")]
    [Arguments("/usr/localhost")]
    [Arguments("/bin/x")]
    [Arguments("/sbin")]
    [Arguments("/lib/x")]
    [Arguments("/lib64")]
    [Arguments("/libexec/x")]
    [Arguments("/etc/x")]
    [Arguments("/boot")]
    [Arguments("/dev/shm/x")]
    [Arguments("/proc/1")]
    [Arguments("/sys")]
    [Arguments("/run/user/1000")]
    [Arguments("/root/project")]
    [Arguments("/var")]
    [Arguments("/var/lib/x")]
    [Arguments("/var/spool/cron")]
    [Arguments("relative")]
    [Arguments("")]
    [Arguments("/scratch/../etc/x")]
    [Arguments("/scratch/./x")]
    [Arguments("//etc")]
    [Arguments("/scratch/")]
    public async Task Nothing_is_made_where_the_system_lives(string path) => await Assert.That(WorkingDirectory.IsFree(B(path))).IsFalse();

    [Test]
    [Arguments("/scratch")]
    [Arguments("/home/somebody/project")]
    [Arguments("/usr/local")]
    [Arguments("/usr/local/work")]
    [Arguments("/var/tmp/x")]
    [Arguments("/var/libraries")]
    [Arguments("/etcetera")]
    [Arguments("/data/\xe9")]
    [Arguments("/data/..x")]
    public async Task Elsewhere_it_is(string path) => await Assert.That(WorkingDirectory.IsFree(B(path))).IsTrue();

    [Test]
    public async Task It_is_made_with_its_parents_for_everybody_to_enter()
    {
        using var directory = new TempDirectory();
        WorkingDirectory.Make(B(directory["a/b"]));
        await Assert.That(((int)File.GetUnixFileMode(directory["a"]), (int)File.GetUnixFileMode(directory["a/b"]))).IsEqualTo((0x1ED, 0x1ED));
        await Assert.That(Directory.GetFileSystemEntries(directory["a/b"])).IsEmpty();
    }

    [Test]
    public async Task What_is_there_stays_as_it_is()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["a"], (UnixFileMode)0x1C0 /* 0700 */);
        directory.Write("file", "content");
        WorkingDirectory.Make(B(directory["a"]));
        WorkingDirectory.Make(B(directory["file/b"]));
        await Assert.That((int)File.GetUnixFileMode(directory["a"])).IsEqualTo(0x1C0);
        await Assert.That(File.ReadAllText(directory["file"])).IsEqualTo("content");
    }

    [Test]
    public async Task No_symbolic_link_is_followed()
    {
        using TempDirectory directory = new(), elsewhere = new();
        File.CreateSymbolicLink(directory["link"], elsewhere.Path);
        File.CreateSymbolicLink(directory["dangling"], elsewhere["not"]);
        WorkingDirectory.Make(B(directory["link/b"]));
        WorkingDirectory.Make(B(directory["dangling"]));
        await Assert.That(elsewhere.Names()).IsEqualTo("");
        await Assert.That(() => DirectoryWalk.Make(B(directory["link/b"]))).Throws<LinuxException>();
    }
}
