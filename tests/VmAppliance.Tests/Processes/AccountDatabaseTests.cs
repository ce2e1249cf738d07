using VmAppliance.Diagnostics;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

sealed class AccountDatabaseTests
{
    [Test]
    [Arguments("root")]
    [Arguments("0")]
    public async Task Root_is_found_by_name_and_by_number(string key)
    {
        var root = AccountDatabase.Find(key)!;
        await Assert.That((root.Name, root.Uid, root.Gid, root.Home)).IsEqualTo(("root", 0, 0, "/root"));
        await Assert.That(root.Shell).StartsWith("/");
        await Assert.That(root.Groups[0]).IsEqualTo(new AccountGroup("root", 0));
    }

    [Test]
    public async Task No_group_is_named_twice()
    {
        var gids = AccountDatabase.Get("root").Groups.Select(g => g.Gid).ToList();
        await Assert.That(gids.Distinct().Count()).IsEqualTo(gids.Count);
    }

    [Test]
    [Arguments("no-such-account")]
    [Arguments("4000000000")]
    [Arguments("--help")]
    [Arguments("-i")]
    [Arguments("root:x")]
    [Arguments("root\n")]
    [Arguments("*")]
    [Arguments("")]
    public async Task Nobody_is_found_by_what_names_no_account(string key) => await Assert.That(AccountDatabase.Find(key)).IsNull();

    [Test]
    public async Task An_account_that_must_exist_and_does_not_is_a_failure_with_a_hint()
    {
        var failure = Assert.Throws<ApplianceException>(() => AccountDatabase.Get("no-such-account"));
        await Assert.That((failure.Message, failure.Hint)).IsEqualTo(
            ("look up account, no-such-account: the account database does not know it", "check with: getent passwd no-such-account"));
    }

    [Test]
    public async Task Nobody_has_its_own_number_and_group()
    {
        var nobody = AccountDatabase.Get("nobody");
        await Assert.That(nobody.Uid).IsEqualTo(65534);
        await Assert.That(nobody.Groups[0].Gid).IsEqualTo(nobody.Gid);
    }
}
