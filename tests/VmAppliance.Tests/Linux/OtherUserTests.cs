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

    [Test]
    public async Task What_fails_there_fails_here()
    {
        var failure = await Assert.That(() => new OtherUser(Host.EffectiveUser, 0, []).Run<int>(() => throw new IOException("no"))).Throws<Exception>();
        await Assert.That(failure is IOException { Message: "no" } or LinuxException).IsTrue();
    }
}
