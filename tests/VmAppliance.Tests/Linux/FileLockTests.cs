using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

// Alone: a child that another test is just starting holds, until its exec, a copy of every lock of this process.
[NotInParallel]
sealed class FileLockTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    // A process that has the lock and says so; -F: it has it itself, not a child of it.
    static async Task<Child> Holder(string path)
    {
        var child = Child.Start("/usr/bin/flock", "-F", path, "/bin/sh", "-c", "echo locked; exec cat /dev/zero");
        await Assert.That(child.ReadLine()).IsEqualTo("locked");
        return child;
    }

    [Test]
    public async Task A_lock_excludes_others_until_it_is_released()
    {
        using var directory = new TempDirectory();
        using (var held = FileLock.Try(directory["lock"]))
        {
            await Assert.That(held).IsNotNull();
            await Assert.That(FileLock.Try(directory["lock"])).IsNull();
        }
        using var again = FileLock.Try(directory["lock"]);
        await Assert.That(again).IsNotNull();
    }

    [Test]
    public async Task A_lock_dies_with_its_holder_even_when_it_is_killed()
    {
        using var directory = new TempDirectory();
        using var holder = await Holder(directory["lock"]);
        await Assert.That(FileLock.Try(directory["lock"])).IsNull();
        var waiting = Task.Run(() => FileLock.Wait(directory["lock"], s_patience));
        holder.Signal(Kill.SIGKILL);
        using var held = await waiting.WaitAsync(s_patience);
        await Assert.That(FileLock.Try(directory["lock"])).IsNull();
    }

    [Test]
    public async Task A_lock_whose_holder_has_stopped_is_not_waited_for_for_ever()
    {
        using var directory = new TempDirectory();
        using (var holder = await Holder(directory["lock"]))
        {
            holder.Signal(19 /* SIGSTOP */);
            await Assert.That(FileLock.Wait(directory["lock"], TimeSpan.FromMilliseconds(100))).IsNull();
            holder.Signal(Kill.SIGKILL);
        }
        // Who has given up has no claim to it: it is free again once it has come too late.
        using var held = FileLock.Wait(directory["lock"], s_patience);
        await Assert.That(held).IsNotNull();
    }

    [Test]
    public async Task Who_has_a_lock_can_be_told_and_who_waits_for_it_is_not_mistaken_for_him()
    {
        using var directory = new TempDirectory();
        await Assert.That(FileLock.HolderOf(directory["lock"])).IsNull();
        using (var holder = await Holder(directory["lock"]))
        {
            await Assert.That(FileLock.Wait(directory["lock"], TimeSpan.FromMilliseconds(50))).IsNull();
            await Assert.That(FileLock.HolderOf(directory["lock"])).IsEqualTo(holder.Pid);
            holder.Signal(Kill.SIGKILL);
        }
    }

    [Test]
    public async Task A_lock_file_is_its_makers_alone()
    {
        using var directory = new TempDirectory();
        using var held = FileLock.Wait(directory["lock"], s_patience)!;
        await Assert.That((int)File.GetUnixFileMode(directory["lock"])).IsEqualTo(0x180);
    }

    [Test]
    public async Task Who_waited_for_a_file_that_was_removed_and_made_anew_gets_the_new_one()
    {
        using var directory = new TempDirectory();
        var first = FileLock.Wait(directory["lock"], s_patience)!;
        var waiting = Task.Run(() => FileLock.Wait(directory["lock"], s_patience));
        // It waits once its file is open beside ours.
        while (Open(directory["lock"]) < 2 && !waiting.IsCompleted)
            await Task.Yield();
        File.Delete(directory["lock"]);
        using (var other = FileLock.Try(directory["lock"]))
        {
            await Assert.That(other).IsNotNull();
            first.Dispose();
        }
        using var held = await waiting.WaitAsync(s_patience);
        await Assert.That(FileLock.Try(directory["lock"])).IsNull();
    }

    [Test]
    public async Task Who_waited_in_a_directory_that_was_removed_is_told_so()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["lease"]);
        var path = directory["lease"] + "/lock";
        var first = FileLock.Wait(path, s_patience)!;
        var waiting = Task.Run(() => FileLock.Wait(path, s_patience));
        while (Open(path) < 2 && !waiting.IsCompleted)
            await Task.Yield();
        Directory.Delete(directory["lease"], recursive: true);
        first.Dispose();
        var failure = await Assert.That(async () => await waiting.WaitAsync(s_patience)).Throws<LinuxException>();
        await Assert.That(failure!.Errno).IsEqualTo(Errno.ENOENT);
    }

    [Test]
    public async Task A_symbolic_link_is_not_followed()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["lock"], directory["elsewhere"]);
        await Assert.That(Assert.Throws<LinuxException>(() => FileLock.Try(directory["lock"])).Errno).IsEqualTo(Errno.ELOOP);
        await Assert.That(directory.Names()).IsEqualTo("lock");
    }

    [Test]
    public async Task Shared_locks_stand_side_by_side_and_exclude_an_exclusive_one()
    {
        using var directory = new TempDirectory();
        var path = directory.Write("pass", "", 0x180);
        using (FileLock.TryShared(path))
        using (FileLock.TryShared(path))
            await Assert.That(FileLock.Try(path)).IsNull();
        using var alone = FileLock.Try(path);
        await Assert.That(alone).IsNotNull();
    }

    [Test]
    public async Task A_shared_lock_makes_no_file()
    {
        using var directory = new TempDirectory();
        Assert.Throws<LinuxException>(() => FileLock.TryShared(directory["none"]));
        await Assert.That(directory.Names()).IsEqualTo("");
    }

    static int Open(string path) => Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget == path);
}
