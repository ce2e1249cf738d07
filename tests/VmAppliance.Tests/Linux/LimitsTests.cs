using VmAppliance.Guest.Agent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

/// <summary>Limits are set by the last step of a job, on itself: the program under test is started for it.</summary>
sealed class LimitsTests
{
    const int NOFILE = 7;

    static (int Status, string Output) Limited(IEnumerable<Limit> limits, params string[] command)
    {
        // Why the program cannot be started, this step says on descriptor 3.
        using var child = Child.Start(["/bin/sh", "-c", "exec \"$@\" 3>&1", "sh", Child.Program, "guest", LimitedStart.Verb, LimitedStart.Text(limits), .. command]);
        var output = System.Text.Encoding.UTF8.GetString(child.ReadToEnd());
        return (child.Wait(), output);
    }

    [Test]
    public async Task A_job_starts_with_the_limits_it_is_given()
    {
        // Not on address space: beside the tests lies a build that still compiles itself while it runs.
        var limits = new[] { new Limit(NOFILE, 100, 200), new Limit(Limits.CPU, 5, 6), new Limit(Limits.CORE, 0, 0) };
        await Assert.That(Limited(limits, "/bin/sh", "sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -St; ulimit -Ht; ulimit -c")).IsEqualTo((0, "100\n200\n5\n6\n0\n"));
    }

    [Test]
    public async Task A_soft_limit_above_its_ceiling_becomes_the_ceiling() =>
        await Assert.That(Limited([new Limit(NOFILE, ulong.MaxValue, 64)], "/bin/sh", "sh", "-c", "ulimit -Sn")).IsEqualTo((0, "64\n"));

    [Test]
    public async Task The_program_is_told_the_name_and_the_arguments_it_was_given() =>
        await Assert.That(Limited([new Limit(Limits.CORE, 0, 0)], "/bin/bash", "-bash", "-c", "echo \"$0|$1|$2|$#\"", "", "two words", ""))
            .IsEqualTo((0, "|two words||2\n"));

    [Test]
    public async Task A_program_that_cannot_be_started_is_told() =>
        await Assert.That(Limited([new Limit(Limits.CORE, 0, 0)], "/etc/passwd", "passwd")).IsEqualTo((1, "\r\0\0\0" /* EACCES */));

    [Test]
    public async Task The_limits_of_this_process_are_those_of_the_kernel()
    {
        var limits = File.ReadAllLines("/proc/self/limits");
        foreach (var (name, resource) in new[] { ("Max open files", NOFILE), ("Max core file size", Limits.CORE), ("Max address space", Limits.AS), ("Max cpu time", Limits.CPU) })
        {
            var fields = limits.Single(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            await Assert.That(Limits.Get(resource)).IsEqualTo(new Limit(resource, Number(fields[0]), Number(fields[1])));
        }
    }

    [Test]
    public async Task A_job_takes_every_limit_of_the_kernel_along()
    {
        // Behind the heading, /proc/self/limits has one line for each.
        await Assert.That(Limits.OfJob().Select(l => l.Resource)).IsEquivalentTo(Enumerable.Range(0, File.ReadAllLines("/proc/self/limits").Length - 1));
        await Assert.That(Limits.OfJob().Single(l => l.Resource == NOFILE)).IsEqualTo(Limits.Get(NOFILE));
    }

    [Test]
    [Arguments(Limits.MEMLOCK, 64UL, 64UL, 1024UL, ulong.MaxValue, 64UL, 64UL)]
    [Arguments(Limits.CORE, ulong.MaxValue, ulong.MaxValue, 0UL, 0UL, ulong.MaxValue, ulong.MaxValue)]
    [Arguments(NOFILE, 4096UL, 8192UL, 1024UL, 2048UL, 4096UL, 8192UL)]
    [Arguments(NOFILE, 16UL, 16UL, 1024UL, 2048UL, 1024UL, 1024UL)]
    [Arguments(Limits.NPROC, 1UL, 5000UL, 1900UL, 1900UL, 1900UL, 5000UL)]
    public async Task Who_starts_jobs_takes_limits_over_that_it_can_live_with(int resource, ulong soft, ulong hard, ulong ownSoft, ulong ownHard, ulong nextSoft, ulong nextHard) =>
        await Assert.That(Limits.Adopted(new Limit(resource, soft, hard), new Limit(resource, ownSoft, ownHard))).IsEqualTo(new Limit(resource, nextSoft, nextHard));

    [Test]
    [Arguments(Limits.AS)]
    [Arguments(Limits.DATA)]
    [Arguments(Limits.CPU)]
    [Arguments(Limits.FSIZE)]
    [Arguments(Limits.STACK)]
    [Arguments(Limits.RTTIME)]
    public async Task Who_starts_jobs_does_not_take_over_what_would_end_it(int resource) =>
        await Assert.That(Limits.Adopted(new Limit(resource, 1, 1), new Limit(resource, ulong.MaxValue, ulong.MaxValue))).IsNull();

    [Test]
    public async Task A_resource_that_is_not_there_is_a_failure() =>
        await Assert.That(Assert.Throws<LinuxException>(() => Limits.Get(99)).Errno).IsEqualTo(Errno.EINVAL);

    static ulong Number(string text) => text == "unlimited" ? ulong.MaxValue : ulong.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
