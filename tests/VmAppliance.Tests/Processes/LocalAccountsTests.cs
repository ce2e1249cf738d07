using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

sealed class LocalAccountsTests
{
    const string Alice = "alice:x:1001:1002:Alice, of the lab:/home/alice:/bin/bash";

    static LocalAccounts Node(TempDirectory directory, string switches, string group = "lab:x:1002:\nfarm:x:1003:bob,alice\nother:x:1004:bob\n")
    {
        Directory.CreateDirectory(directory["etc"]);
        directory.Write("etc/nsswitch.conf", switches);
        directory.Write("etc/passwd", $"root:x:0:0:root:/root:/bin/sh\n+bob::::::\n# a comment\nbroken:x:many:1:b:/:/bin/sh\n{Alice}\n");
        directory.Write("etc/group", group);
        return new LocalAccounts(directory.Path);
    }

    [Test]
    [Arguments("passwd: files systemd\n", true)]
    [Arguments("passwd:files\n", true)]
    [Arguments("# nothing is said\n", true)]
    [Arguments("passwd: files # sss\n", true)]
    [Arguments("passwd: sss files\n", false)]
    [Arguments("passwd: files [SUCCESS=continue] sss\n", false)]
    [Arguments("passwd: compat\n", false)]
    public async Task An_account_of_the_files_counts_when_they_are_asked_first(string switches, bool counts)
    {
        using var directory = new TempDirectory();
        var node = Node(directory, switches);
        await Assert.That(node.Account("alice")).IsEqualTo(counts ? Alice : null);
        await Assert.That(node.Account("1001")).IsEqualTo(counts ? Alice : null);
    }

    [Test]
    [Arguments("bob")]
    [Arguments("+bob")]
    [Arguments("broken")]
    [Arguments("# a comment")]
    [Arguments("alice:x")]
    [Arguments("")]
    [Arguments("1002")]
    public async Task What_is_no_account_of_the_files_is_left_to_others(string key)
    {
        using var directory = new TempDirectory();
        await Assert.That(Node(directory, "passwd: files\n").Account(key)).IsNull();
    }

    [Test]
    [Arguments("group: files\n", "1003")]
    [Arguments("group: files systemd\n", "1003")]
    [Arguments("group: files sss\n", null)]
    [Arguments("group: files [SUCCESS=merge] systemd\n", null)]
    [Arguments("group: files\ninitgroups: files sss\n", null)]
    [Arguments("group: files sss\ninitgroups: files\n", "1003")]
    public async Task Groups_are_all_there_are_only_when_nobody_else_knows_any(string switches, string? groups)
    {
        using var directory = new TempDirectory();
        await Assert.That(Node(directory, switches).GroupsOf("alice") is { } found ? string.Join(' ', found) : null).IsEqualTo(groups);
    }

    [Test]
    public async Task Where_systemd_serves_accounts_they_may_be_in_groups_too()
    {
        using var directory = new TempDirectory();
        var node = Node(directory, "group: files systemd\n");
        Directory.CreateDirectory(directory["run/systemd/userdb"]);
        await Assert.That(node.GroupsOf("alice")).IsNull();
    }

    [Test]
    public async Task A_groups_name_is_the_files_when_they_are_asked_first()
    {
        using var directory = new TempDirectory();
        await Assert.That(Node(directory, "group: files sss\n").GroupName(1003)).IsEqualTo("farm");
        await Assert.That(Node(directory, "group: files sss\n").GroupName(1)).IsNull();
        await Assert.That(Node(directory, "group: sss files\n").GroupName(1003)).IsNull();
    }

    [Test]
    public async Task The_files_of_this_node_say_what_getent_says()
    {
        var line = CommandRunner.Run(["getent", "passwd", "nobody"]).Output.Trim();
        await Assert.That(new LocalAccounts().Account("nobody") ?? line).IsEqualTo(line);
    }
}
