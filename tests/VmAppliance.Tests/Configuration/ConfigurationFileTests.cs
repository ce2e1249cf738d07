using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Configuration;

sealed class ConfigurationFileTests
{
    static ApplianceException Refused(string file) => Assert.Throws<ApplianceException>(() => ConfigurationFile.Load(file));

    [Test]
    public async Task A_file_is_read()
    {
        using var directory = new TempDirectory();
        await Assert.That(ConfigurationFile.Load(directory.Write("a.ini", "[slots]\ncount = 3\n")).Slots.Count).IsEqualTo(3);
    }

    [Test]
    public async Task All_problems_are_in_one_failure_that_names_the_file()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("a.ini", "[slots]\ncoutn = 3\nmemory = x\n");
        var failure = Refused(file);
        await Assert.That(failure.Message).StartsWith($"read configuration, {file}: 2 problems\n");
        await Assert.That(failure.Message).Contains("[slots] coutn: there is no such key (did you mean 'count'?)");
        await Assert.That(failure.Message).Contains("[slots] memory: 'x' must be a size");
        await Assert.That(failure.Blame).IsEqualTo(Blame.Node);
        await Assert.That(failure.Hint).IsNotNull();
    }

    [Test]
    public async Task A_named_file_that_is_missing_is_a_failure()
    {
        using var directory = new TempDirectory();
        await Assert.That(Refused(directory["none.ini"]).Message).IsEqualTo($"read configuration, {directory["none.ini"]}: No such file or directory");
    }

    [Test]
    [RequiresRoot]
    [Arguments(0x1B6)] // 0666
    [Arguments(0x1A6)] // 0646
    [Arguments(0x1B4)] // 0664
    public async Task Root_refuses_a_file_that_others_can_write(int mode)
    {
        using var directory = new TempDirectory();
        await Assert.That(Refused(directory.Write("a.ini", "", mode)).Message).EndsWith("somebody else than root can write to it");
    }

    [Test]
    [RequiresRoot]
    public async Task Root_refuses_a_file_that_is_somebody_elses()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("a.ini", "");
        Files.Change(file, 0x1A4, 65534, 65534);
        await Assert.That(Refused(file).Message).EndsWith("somebody else than root can write to it");
    }

    [Test]
    public async Task A_symbolic_link_is_refused()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link.ini"], directory.Write("a.ini", ""));
        await Assert.That(Refused(directory["link.ini"]).Blame).IsEqualTo(Blame.Node);
    }

    [Test]
    public async Task A_directory_and_a_named_pipe_are_refused_without_waiting()
    {
        using var directory = new TempDirectory();
        Files.MakePipe(directory["pipe.ini"], 0x1A4, Host.EffectiveUser, -1);
        await Assert.That(Refused(directory["pipe.ini"]).Message).StartsWith("read configuration");
        await Assert.That(Refused(directory.Path).Message).StartsWith("read configuration");
    }

    [Test]
    public async Task A_file_of_more_than_a_mebibyte_is_refused()
    {
        using var directory = new TempDirectory();
        await Assert.That(Refused(directory.Write("a.ini", new string('#', (1 << 20) + 1))).Message).StartsWith("read configuration");
        await Assert.That(ConfigurationFile.Load(directory.Write("b.ini", "#" + new string('x', (1 << 20) - 1))).Slots.Cpus).IsEqualTo(1);
    }
}
