using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class OtherUserTests
{
    const int Somebody = 61234;

    static string[] Ids() => [.. File.ReadAllLines("/proc/thread-self/status").Where(l => l.StartsWith("Uid:", StringComparison.Ordinal)
        || l.StartsWith("Gid:", StringComparison.Ordinal) || l.StartsWith("Groups:", StringComparison.Ordinal) || l.StartsWith("CapEff:", StringComparison.Ordinal)
        || l.StartsWith("CapPrm:", StringComparison.Ordinal) || l.StartsWith("Umask:", StringComparison.Ordinal)).Select(l => l.TrimEnd())];

    [Test]
    public async Task What_is_run_has_the_others_rights_and_everything_else_keeps_its_own()
    {
        var before = Ids();
        if (Host.EffectiveUser != 0)
        {
            await Assert.That(() => new OtherUser(Somebody, Somebody, []).Run(Ids)).Throws<LinuxException>();
            return;
        }
        var ids = new OtherUser(Somebody, Somebody + 1, [7, 8]).Run(() =>
        {
            Host.SetUmask(0x3F /* 077 */);
            return Ids();
        });
        await Assert.That(ids).IsEquivalentTo(["Umask:\t0077", $"Uid:\t{Somebody}\t{Somebody}\t{Somebody}\t{Somebody}",
            $"Gid:\t{Somebody + 1}\t{Somebody + 1}\t{Somebody + 1}\t{Somebody + 1}", "Groups:\t7 8", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000"]);
        await Assert.That(Ids()).IsEquivalentTo(before);
    }

    // One for each that is run, whether it was made before or not; nobody has the rights of who came before.
    [Test]
    public async Task A_thread_that_was_made_before_has_no_other_rights()
    {
        if (Host.EffectiveUser != 0)
            return;
        var before = Ids();
        Parallel.For(0, 8, _ => OtherUser.Prepare());
        var ids = Enumerable.Range(Somebody, 3).Select(uid => new OtherUser(uid, uid, []).Run(Ids).Single(l => l.StartsWith("Uid:", StringComparison.Ordinal))).ToList();
        await Assert.That(ids).IsEquivalentTo(Enumerable.Range(Somebody, 3).Select(uid => $"Uid:\t{uid}\t{uid}\t{uid}\t{uid}"));
        await Assert.That(Ids()).IsEquivalentTo(before);
    }

    [Test]
    public async Task What_fails_there_fails_here()
    {
        var failure = await Assert.That(() => new OtherUser(Host.EffectiveUser, 0, []).Run<int>(() => throw new IOException("no"))).Throws<Exception>();
        await Assert.That(failure is IOException { Message: "no" } or LinuxException).IsTrue();
    }
}
