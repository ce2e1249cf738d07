using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>With an xl of the test's own; it does not outlive the test.</summary>
sealed class DomainCreationTests
{
    const string Started = "echo 'Waiting for domain vma-7.1 (domid 3) to die [pid 211]' >&2";

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    sealed class Attempt : IDisposable
    {
        public TempDirectory Directory { get; } = new();

        public DomainCreation Creation { get; }

        public Attempt(Func<TempDirectory, string> script) => Creation = new DomainCreation(FakeXl.Write(Directory, script(Directory)), "vma-7.1", Directory["x.cfg"]);

        // In a thread of its own, so that a defect there ends the test and not all of them.
        public int Wait(TimeSpan? patience = null) => Task.Run(() => Creation.Wait(Deadline.In(patience ?? s_patience))).WaitAsync(2 * s_patience).GetAwaiter().GetResult();

        public ApplianceException Failure(TimeSpan? patience = null) => Assert.Throws<ApplianceException>(() => Wait(patience));

        public void Dispose()
        {
            Kill.Group(Creation.Guard.Pid, Kill.SIGKILL);
            Creation.Guard.Ended(Deadline.In(s_patience));
            Creation.Guard.TryReap();
            Creation.Guard.Dispose();
            Creation.Dispose();
            Directory.Dispose();
        }
    }

    [Test]
    public async Task A_domain_that_runs_has_its_number_and_a_guard_that_goes_on()
    {
        using var attempt = new Attempt(_ => $"{Started}\nsleep 300");
        await Assert.That(attempt.Wait()).IsEqualTo(3);
        await Assert.That(attempt.Creation.Guard.Ended(Deadline.In(TimeSpan.Zero))).IsFalse();
    }

    [Test]
    public async Task The_number_is_found_among_whatever_else_is_said_and_in_pieces()
    {
        using var attempt = new Attempt(_ => "echo 'libxl: warning: something'; printf 'Waiting for domain vma-7.1 (dom'; sleep 0.1; echo 'id 41) to die [pid 211]'; sleep 300");
        await Assert.That(attempt.Wait()).IsEqualTo(41);
    }

    [Test]
    public async Task Its_guard_is_told_to_stay_and_to_take_the_configuration()
    {
        using var attempt = new Attempt(d => $"echo \"$*\" >{d["asked"]}\n{Started}\nsleep 300");
        attempt.Wait();
        await Assert.That(File.ReadAllText(attempt.Directory["asked"])).IsEqualTo($"create -q -F {attempt.Directory["x.cfg"]}\n");
    }

    [Test]
    public async Task Its_guard_has_no_input_a_clean_environment_and_holds_no_directory()
    {
        using var attempt = new Attempt(d => $"{{ cat; pwd; tr '\\0' '\\n' </proc/$$/environ; }} >{d["seen"]}\n{Started}\nsleep 300");
        attempt.Wait();
        await Assert.That(File.ReadAllText(attempt.Directory["seen"])).IsEqualTo("/\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nHOME=/\n");
    }

    [Test]
    public async Task A_domain_that_cannot_be_made_is_the_nodes_fault_and_has_xls_reason()
    {
        using var attempt = new Attempt(_ => "echo 'libxl: error: libxl_device.c:1109:device_backend_callback: Domain 5:unable to add device' >&2\nexit 3");
        var failure = attempt.Failure();
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(("start machine, vma-7.1: unable to add device", Blame.Node));
        await Assert.That(failure.Hint).IsNotNull();
    }

    [Test]
    public async Task An_xl_that_ends_without_a_word_is_a_failure_too()
    {
        using var attempt = new Attempt(_ => "exit 0");
        await Assert.That(attempt.Failure().Message).IsEqualTo("start machine, vma-7.1: it gave no reason");
    }

    [Test]
    public async Task The_end_of_xl_is_seen_though_a_child_of_it_still_could_speak()
    {
        using var attempt = new Attempt(_ => "sleep 300 &\necho 'libxl: error: first' >&2\nexit 3");
        await Assert.That(attempt.Failure().Message).IsEqualTo("start machine, vma-7.1: first");
    }

    [Test]
    public async Task An_xl_that_somebody_kills_is_nobodys_fault()
    {
        using var attempt = new Attempt(_ => "kill -KILL $$");
        var failure = attempt.Failure();
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(("start machine, vma-7.1: somebody killed xl create (signal 9)", Blame.Transient));
    }

    [Test]
    public async Task An_xl_that_says_nothing_is_not_waited_for_for_ever()
    {
        using var attempt = new Attempt(_ => "sleep 300");
        var failure = attempt.Failure(TimeSpan.FromMilliseconds(200));
        await Assert.That((failure.Message, failure.Blame, failure.Hint)).IsEqualTo(
            ("start machine, vma-7.1: xl create did not end in time", Blame.Node, "is xenstored running? see: systemctl status xenstored"));
    }

    [Test]
    public async Task A_guard_does_not_die_of_speaking_when_nobody_listens_any_more()
    {
        using var attempt = new Attempt(d => $"mkfifo {d["go"]}\n{Started}\nread line <{d["go"]}\necho 'Domain 3 has shut down, reason code 0' >&2\necho more\necho alive >{d["after"]}");
        attempt.Wait();
        attempt.Creation.Dispose();
        using (var go = Descriptor.Open(attempt.Directory["go"], OpenMode.ReadWrite))
        {
            go.WriteAll("go\n"u8);
            await Assert.That(attempt.Creation.Guard.Ended(Deadline.In(s_patience))).IsTrue();
        }
        await Assert.That(attempt.Creation.Guard.TryReap()).IsEqualTo(0);
        await Assert.That(File.ReadAllText(attempt.Directory["after"])).IsEqualTo("alive\n");
    }

    [Test]
    public async Task A_program_that_cannot_be_started_is_a_failure_with_its_reason()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<LinuxException>(() => new DomainCreation(directory["none"], "vma-7.1", directory["x.cfg"]).Dispose());
        await Assert.That(failure.Errno).IsEqualTo(Errno.ENOENT);
    }
}
