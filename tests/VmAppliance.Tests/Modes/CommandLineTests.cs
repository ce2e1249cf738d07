using System.Text;

namespace VmAppliance.Tests.Modes;

sealed class CommandLineTests
{
    static (int Status, string Output) Run(params string[] words)
    {
        using var child = Child.Start([Child.Program, .. words]);
        var output = Encoding.UTF8.GetString(child.ReadToEnd());
        return (child.Wait(), output);
    }

    [Test]
    [Arguments("bogus")]
    [Arguments("--bogus")]
    [Arguments("maintenance bogus")]
    [Arguments("maintenance")]
    [Arguments("maintenance image import")]
    [Arguments("maintenance image import demo")]
    [Arguments("run")]
    [Arguments("run --cpus many -- true")]
    [Arguments("run --memory much -- true")]
    [Arguments("guest bogus")]
    public async Task What_cannot_be_understood_is_a_sentence_with_a_hint_and_the_status_for_wrong_usage(string line)
    {
        var (status, output) = Run(line.Split(' '));
        await Assert.That(status).IsEqualTo(64);
        await Assert.That(output).StartsWith("vmappliance: read command line, vmappliance: ");
        await Assert.That(output).EndsWith("(hint: vmappliance --help)\n");
    }

    [Test]
    [Arguments("--help")]
    [Arguments("--version")]
    [Arguments("run --help")]
    [Arguments("maintenance image import --help")]
    public async Task Help_and_version_are_no_failure(string line) => await Assert.That(Run(line.Split(' ')).Status).IsEqualTo(0);

    [Test]
    public async Task A_configuration_with_problems_has_a_status_of_its_own()
    {
        using var directory = new TempDirectory();
        var (status, output) = Run("--config", directory.Write("a.ini", "[slots]\nmemroy = 1GiB\n"), "maintenance", "config");
        await Assert.That(status).IsEqualTo(78);
        await Assert.That(output).Contains("[slots] memroy: there is no such key (did you mean 'memory'?)");
    }

    [Test]
    public async Task The_effective_configuration_is_printed_with_its_defaults()
    {
        using var directory = new TempDirectory();
        var (status, output) = Run("maintenance", "config", "--config", directory.Write("a.ini", "[slots]\ncount = 3\n"));
        await Assert.That(status).IsEqualTo(0);
        await Assert.That(output).Contains("count = 3").And.Contains("memory = 1GiB").And.Contains("[gridengine]");
    }

    [Test]
    public async Task Candidates_for_completion_come_one_per_line()
    {
        var (status, output) = Run("[suggest:14]", "vmappliance ma");
        await Assert.That(status).IsEqualTo(0);
        await Assert.That(output.Split('\n')).Contains("maintenance");
    }
}
