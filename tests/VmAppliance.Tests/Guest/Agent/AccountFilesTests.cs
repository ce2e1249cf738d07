using System.Text;
using VmAppliance.Guest;
using VmAppliance.Guest.Agent;

namespace VmAppliance.Tests.Guest.Agent;

sealed class AccountFilesTests
{
    static readonly GuestAccount s_alice = Sample.Account;

    static byte[] Table(string[] lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));

    static string Accounts(params string[] lines) => Text(AccountFiles.Accounts(Table(lines), s_alice));

    static string Groups(params string[] lines) => Text(AccountFiles.Groups(Table(lines), s_alice));

    static string Text(byte[] table) => Encoding.UTF8.GetString(table).TrimEnd('\n');

    const string Session = "vmappliance-session:*:2147483632:2147483632::/:/usr/bin/vmappliance";
    const string Alice = $"alice:x:1001:1001::/home/alice:/bin/bash\n{Session}", Own = "alice:x:1001:alice\nstaff:x:50:alice";

    [Test]
    public async Task The_account_stands_before_the_ones_that_are_there() =>
        await Assert.That(Accounts("root:x:0:0:root:/root:/bin/sh", "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin")).IsEqualTo(
            $"{Alice}\nroot:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin");

    // sshd ends at once where it does not find its own account, whatever that account's number is.
    [Test]
    [Arguments("sshd:x:1001:65534::/run/sshd:/usr/sbin/nologin")]
    [Arguments("messagebus:x:1001:1001::/nonexistent:/usr/sbin/nologin")]
    [Arguments("debian:x:1001:7::/home/debian:/bin/bash")]
    [Arguments("alice:x:5:5::/x:/bin/sh")]
    [Arguments("bob:x:100:1001::/home/bob:/bin/sh")]
    [Arguments("alice2:x:10011:5::/x:/bin/sh")]
    [Arguments("# a comment")]
    [Arguments("+::::::")]
    public async Task Accounts_of_the_image_stay_behind_it_whatever_name_number_or_group_they_have(string line) =>
        await Assert.That(Accounts(line)).IsEqualTo($"{Alice}\n{line}");

    [Test]
    [Arguments("alice:x:1001:1001::/home/alice:/bin/bash")]
    [Arguments("alice:x:1001:7::/elsewhere:/bin/false")]
    public async Task The_same_account_is_as_it_is_on_the_node(string line) => await Assert.That(Accounts(line)).IsEqualTo(Alice);

    [Test]
    public async Task Writing_an_account_twice_is_writing_it_once()
    {
        await Assert.That(Accounts(Accounts("sshd:x:1001:0::/root:/bin/sh").Split('\n'))).IsEqualTo($"{Alice}\nsshd:x:1001:0::/root:/bin/sh");
        await Assert.That(Groups(Groups("staff:x:50:bob", "alice:x:7:").Split('\n'))).IsEqualTo($"{Own}\nstaff:x:50:bob\nalice:x:7:");
    }

    [Test]
    public async Task A_number_above_two_to_the_thirty_one_is_written_as_it_is_on_the_node()
    {
        var far = s_alice with { Uid = unchecked((int)4_000_000_000u), Gid = unchecked((int)4_000_000_001u), Groups = [new("far", unchecked((int)4_000_000_001u))] };
        await Assert.That(Text(AccountFiles.Accounts([], far))).IsEqualTo($"alice:x:4000000000:4000000001::/home/alice:/bin/bash\n{Session}");
        await Assert.That(Text(AccountFiles.Groups([], far))).IsEqualTo("far:x:4000000001:alice");
    }

    // By its number the agent knows who comes through sshd, and what serves a job is not the job's to signal.
    [Test]
    public async Task The_account_of_sessions_is_never_the_owners()
    {
        var twin = s_alice with { Uid = 2147483632 };
        await Assert.That(Text(AccountFiles.Accounts([], twin)).Split('\n')[1]).StartsWith("vmappliance-session:*:2147483633:2147483633:");
        await Assert.That((AccountFiles.SessionUidBeside(s_alice), AccountFiles.SessionUidBeside(twin))).IsEqualTo((2147483632, 2147483633));
    }

    [Test]
    public async Task The_account_is_in_each_of_its_groups() => await Assert.That(Groups("root:x:0:")).IsEqualTo($"{Own}\nroot:x:0:");

    [Test]
    [Arguments("staff:x:999:bob")]
    [Arguments("messagebus:x:50:")]
    [Arguments("other:x:50:bob")]
    [Arguments("alice:x:7:")]
    [Arguments("staff:x:50:bob")]
    public async Task Groups_of_the_image_stay_with_their_members_whatever_name_or_number_they_have(string line) =>
        await Assert.That(Groups(line)).IsEqualTo($"{Own}\n{line}");

    [Test]
    [Arguments("staff:x:50:")]
    [Arguments("staff:x:50:alice")]
    public async Task The_same_group_is_not_there_twice(string line) => await Assert.That(Groups(line)).IsEqualTo(Own);

    [Test]
    [Arguments("sudo:x:27:alice", "sudo:x:27:")]
    [Arguments("sudo:x:27:bob,alice,carol", "sudo:x:27:bob,carol")]
    [Arguments("sudo:x:27:alice,alice", "sudo:x:27:")]
    [Arguments("sudo:x:27:alice2,malice", "sudo:x:27:alice2,malice")]
    [Arguments("broken:x", "broken:x")]
    public async Task It_is_in_no_other_group_of_the_image(string line, string after) => await Assert.That(Groups(line)).IsEqualTo($"{Own}\n{after}");

    [Test]
    public async Task What_is_not_UTF8_stays_as_it_is()
    {
        byte[] line = [.. "b\xFCro:x:27:alice,m\xFCller\n".Select(c => (byte)c)];
        await Assert.That(Encoding.Latin1.GetString(AccountFiles.Groups(line, s_alice))).IsEqualTo($"{Own}\nb\xFCro:x:27:m\xFCller\n");
    }

    [Test]
    public async Task Its_password_can_never_match_and_is_not_locked()
    {
        var table = AccountFiles.Shadow(Table(["root:!:1::::::", "alice:$6$x:1::::::"]), "alice");
        await Assert.That(Encoding.UTF8.GetString(table)).IsEqualTo("alice:*:19000:0:99999:7:::\nroot:!:1::::::\n");
    }

    [Test]
    [Arguments("", "")]
    [Arguments("\n\n", "")]
    [Arguments("root:x:0:0::/root:/bin/sh", "root:x:0:0::/root:/bin/sh\n")]
    [Arguments("\nroot:x:0:0::/root:/bin/sh\n\nalice:x:1001:1::/:/bin/sh", "root:x:0:0::/root:/bin/sh\n")]
    [Arguments(":", ":\n")]
    [Arguments("alice", "alice\n")]
    [Arguments("x:x:1001", "x:x:1001\n")]
    [Arguments("x:1001", "x:1001\n")]
    public async Task A_table_that_is_not_in_order_is_put_in_order(string table, string kept) =>
        await Assert.That(Encoding.UTF8.GetString(AccountFiles.Accounts(Encoding.UTF8.GetBytes(table), s_alice))).IsEqualTo($"{Alice}\n{kept}");
}
