using VmAppliance.Guest.Agent;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

/// <summary>Limits are set by the last step of a job, on itself: the program under test is started for it.</summary>
sealed class LimitsTests
{
    const int NOFILE = 7;

    static (int Status, string Output) Limited(IEnumerable<Limit> limits, params string[] command)
    {
        using var child = Child.Start([Child.Program, "guest", LimitedStart.Verb, LimitedStart.Text(limits), .. command]);
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
        await Assert.That(Limited([new Limit(Limits.CORE, 0, 0)], "/etc/passwd", "passwd")).IsEqualTo((126, "vmappliance: start job, /etc/passwd: Permission denied\n"));

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
    public async Task A_resource_that_is_not_there_is_a_failure() =>
        await Assert.That(Assert.Throws<LinuxException>(() => Limits.Get(99)).Errno).IsEqualTo(Errno.EINVAL);

    static ulong Number(string text) => text == "unlimited" ? ulong.MaxValue : ulong.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
