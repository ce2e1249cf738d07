using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

sealed class QmpClientTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    static QmpClient Connect(QmpServer server, TimeSpan? patience = null) => QmpClient.Connect(server.Path, Deadline.In(patience ?? s_patience));

    // On a thread of its own: a client that never gives up must not keep the suite.
    static async Task<ApplianceException?> Failure(QmpServer server, Action<QmpClient> use, TimeSpan? patience = null)
    {
        var work = Task.Run(() =>
        {
            using var client = Connect(server, patience);
            use(client);
        });
        return await Assert.That(async () => await work.WaitAsync(TimeSpan.FromSeconds(3))).Throws<ApplianceException>();
    }

    [Test]
    public async Task It_waits_for_the_greeting_negotiates_and_asks()
    {
        using var server = new QmpServer(null, QmpServer.Greeting, QmpServer.Done, "{\"return\":{\"status\":\"running\"}}\n");
        using var client = Connect(server);
        await Assert.That(client.Execute("query-status")).IsEqualTo("{\"status\":\"running\"}");
        await Assert.That(server.Heard).IsEqualTo("{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"query-status\"}");
    }

    [Test]
    public async Task Events_between_question_and_answer_are_kept_apart()
    {
        using var server = new QmpServer(null, QmpServer.Greeting, "{\"event\":\"RESUME\",\"timestamp\":{}}\n" + QmpServer.Done,
            "{\"event\":\"STOP\"}\n{\"event\":\"RTC_CHANGE\",\"data\":{\"return\":1}}\n{\"return\":5}\n");
        using var client = Connect(server);
        await Assert.That(client.Execute("stop")).IsEqualTo("5");
    }

    [Test]
    public async Task Arguments_go_with_a_command()
    {
        using var server = new QmpServer(null, QmpServer.Greeting, QmpServer.Done, QmpServer.Done);
        using var client = Connect(server);
        client.Execute("migrate-incoming", "{\"uri\":\"fd:7\"}");
        await Assert.That(server.Heard).EndsWith("\n{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:7\"}}");
    }

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task A_migration_has_ended_when_its_event_says_so(bool isEarly)
    {
        const string Events = "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"active\"}}\n{\"event\":\"MIGRATION\",\"data\":{\"status\":\"completed\"}}\n";
        using var server = new QmpServer("", QmpServer.Greeting, QmpServer.Done, isEarly ? Events + QmpServer.Done : QmpServer.Done + Events);
        using var client = Connect(server);
        client.Execute("migrate");
        await Task.Run(client.AwaitMigration).WaitAsync(TimeSpan.FromSeconds(3));
    }

    [Test]
    public async Task A_migration_that_fails_says_why()
    {
        using var server = new QmpServer("", QmpServer.Greeting, QmpServer.Done, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"failed\"}}\n" + QmpServer.Done,
            "{\"return\":{\"status\":\"failed\",\"error-desc\":\"Unknown savevm section\"}}\n");
        var failure = await Failure(server, client =>
        {
            client.Execute("migrate-incoming", "{}");
            client.AwaitMigration();
        });
        await Assert.That(failure!.Message).IsEqualTo("ask QEMU, migrate: it failed: Unknown savevm section");
    }

    [Test]
    [Arguments("{\"event\":7}")]
    [Arguments("{\"event\":\"MIGRATION\",\"data\":5}")]
    [Arguments("{\"event\":\"MIGRATION\",\"data\":{\"status\":null}}")]
    public async Task A_monitor_that_is_not_QEMUs_does_no_harm(string odd)
    {
        using var server = new QmpServer($"{odd}\n", QmpServer.Greeting, QmpServer.Done);
        await Assert.That((await Failure(server, client => client.AwaitMigration(), TimeSpan.FromSeconds(1)))!.Message).Contains("does not answer in time");
    }

    [Test]
    [Arguments("{\"event\":\"MIGRATION\",\"data\":{\"status\":\"\\uD800\"}}\n")]
    [Arguments("{\"error\":{\"desc\":\"\\uDC00\"}}\n")]
    [Arguments("{\"\\uD800\":1}\n")]
    public async Task Texts_that_are_none_are_no_word_of_QEMUs(string odd)
    {
        using var server = new QmpServer("", QmpServer.Greeting, QmpServer.Done, odd);
        var failure = await Failure(server, client => client.Execute("stop"), TimeSpan.FromSeconds(1));
        await Assert.That(failure!.Message).IsEqualTo("ask QEMU, stop: it does not speak its protocol");
    }

    [Test]
    [Arguments("{\"QMP\":7}\n")]
    [Arguments("{\"QMP\":{\"version\":{\"qemu\":{\"major\":\"x\",\"minor\":2}}}}\n")]
    public async Task A_greeting_that_is_none_is_no_word_of_QEMUs(string odd)
    {
        using var server = new QmpServer("", odd, QmpServer.Done);
        var failure = Assert.Throws<ApplianceException>(() => Connect(server));
        await Assert.That(failure.Message).IsEqualTo("ask QEMU, greeting: it does not speak its protocol");
    }

    [Test]
    public async Task Lines_that_end_with_a_carriage_return_and_long_ones_are_read()
    {
        var large = $"{{\"return\":\"{new string('x', 100_000)}\"}}\r\n";
        using var server = new QmpServer(null, QmpServer.Greeting.Replace("\n", "\r\n", StringComparison.Ordinal), QmpServer.Done, large);
        using var client = Connect(server);
        await Assert.That(client.Execute("query").Length).IsEqualTo(100_002);
    }

    [Test]
    public async Task A_refusal_is_a_failure_with_its_description()
    {
        using var server = new QmpServer(null, QmpServer.Greeting, QmpServer.Done, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command x has not been found\"}}\n");
        var failure = await Failure(server, c => c.Execute("x"));
        await Assert.That((failure!.Message, failure.Blame)).IsEqualTo(("ask QEMU, x: The command x has not been found", Blame.Machine));
    }

    [Test]
    public async Task A_monitor_that_hangs_up_is_a_loss_that_can_be_tried_again()
    {
        using var server = new QmpServer(null, QmpServer.Greeting, QmpServer.Done);
        var failure = await Failure(server, c => c.Execute("stop"));
        await Assert.That((failure!.Message.StartsWith("ask QEMU, stop: ", StringComparison.Ordinal), failure.Blame)).IsEqualTo((true, Blame.Transient));
    }

    [Test]
    public async Task A_monitor_that_hangs_up_before_the_greeting_is_a_loss()
    {
        using var server = new QmpServer(null, "");
        await Assert.That((await Failure(server, _ => { }))!.Message).IsEqualTo("ask QEMU, greeting: QEMU is gone");
    }

    [Test]
    public async Task A_monitor_that_is_not_there_is_a_loss()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => QmpClient.Connect(directory["none.sock"], Deadline.In(s_patience)));
        await Assert.That((failure.Message.StartsWith("ask QEMU, connect: ", StringComparison.Ordinal), failure.Blame)).IsEqualTo((true, Blame.Transient));
    }

    [Test]
    public async Task A_silent_monitor_is_given_up_at_the_deadline()
    {
        using var server = new QmpServer("", QmpServer.Greeting, "");
        await Assert.That((await Failure(server, _ => { }, TimeSpan.FromSeconds(1)))!.Message).IsEqualTo("ask QEMU, qmp_capabilities: QEMU does not answer in time");
    }

    [Test]
    public async Task A_monitor_that_talks_of_other_things_for_ever_is_given_up_at_the_deadline()
    {
        using var server = new QmpServer(string.Concat(Enumerable.Repeat("{\"event\":\"STOP\"}\n", 200)), QmpServer.Greeting, QmpServer.Done);
        await Failure(server, c => c.Execute("stop"), TimeSpan.FromMilliseconds(100));
    }

    [Test]
    public async Task A_line_that_never_ends_is_given_up()
    {
        using var server = new QmpServer(new string('x', 4096), QmpServer.Greeting, QmpServer.Done);
        await Failure(server, c => c.Execute("stop"));
    }

    // The machine's owner owns QEMU, and so can make it say anything; a hook of root's must not stumble over it.
    [Test]
    [Arguments("garbage\n")]
    [Arguments("\n")]
    [Arguments("[]\n")]
    [Arguments("5\n")]
    [Arguments("{\"error\":5}\n")]
    [Arguments("{\"error\":{}}\n")]
    [Arguments("{\"event\":5}\n")]
    [Arguments("\0\n")]
    public async Task Garbage_is_a_failure_of_the_monitor_and_not_a_defect(string garbage)
    {
        using var server = new QmpServer(null, QmpServer.Greeting, QmpServer.Done, garbage);
        await Failure(server, c => c.Execute("stop"));
    }

    [Test]
    public async Task What_qemu_said_before_it_ended_still_counts_and_then_it_is_gone()
    {
        using var ended = Descriptor.Open("/dev/null", OpenMode.Read);
        using var server = new QmpServer("", QmpServer.Greeting + QmpServer.Done);
        var failure = Assert.Throws<ApplianceException>(() =>
        {
            // /dev/null is always readable, as the descriptor of a process that has ended is.
            using var client = QmpClient.Connect(server.Path, Deadline.In(s_patience), ended.Number);
            client.Execute("stop");
        });
        await Assert.That(failure.Message).EndsWith("QEMU is gone");
    }
}
