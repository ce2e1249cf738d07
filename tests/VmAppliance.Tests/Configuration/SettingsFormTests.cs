using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

/// <summary>The form of the file: sections, keys, comments, line ends.</summary>
sealed class SettingsFormTests
{
    static IReadOnlyList<string> Problems(string text)
    {
        SettingsReader.Read(text, out var problems, out _);
        return problems;
    }

    [Test]
    [Arguments("; a comment\rnot a comment\n[slots]\ncount = 2\n")]
    [Arguments("[slots]\ncount = 2\n# a comment\rnot a comment\n")]
    [Arguments("[slots]\ncount = 2\rnot a comment\r")]
    public async Task A_carriage_return_alone_ends_a_line(string text) =>
        await Assert.That(Problems(text).Single()).Contains("'not a comment' is neither a section, a key with a value, nor a comment");

    [Test]
    public async Task A_key_before_the_first_section_is_a_problem() =>
        await Assert.That(Problems("memory = 1GiB\n[slots]\ncount = 2\n").Single()).IsEqualTo("memory: stands before the first section");

    [Test]
    public async Task A_key_that_appears_twice_is_a_problem_that_names_section_and_key()
    {
        var problem = Problems("[slots]\ncount = 2\ncount = 3\n").Single();
        await Assert.That(problem).Contains("slots");
        await Assert.That(problem).Contains("count");
    }

    [Test]
    public async Task A_key_that_appears_twice_does_not_hide_the_other_problems()
    {
        var problems = Problems("[slots]\ncount = 2\ncount = 3\nmemroy = 1GiB\n");
        await Assert.That(problems.Any(p => p.Contains("count", StringComparison.Ordinal))).IsTrue();
        await Assert.That(problems.Any(p => p.Contains("memroy", StringComparison.Ordinal))).IsTrue();
    }

    [Test]
    public async Task A_line_that_is_no_key_does_not_hide_the_other_problems()
    {
        var problems = Problems("[slots]\nthis is no key\nmemroy = 1GiB\n");
        await Assert.That(problems.Any(p => p.Contains("this is no key", StringComparison.Ordinal))).IsTrue();
        await Assert.That(problems.Any(p => p.Contains("memroy", StringComparison.Ordinal))).IsTrue();
    }

    [Test]
    [Arguments("[]\ncount = 2\n")]
    [Arguments("[slots\ncount = 2\n")]
    [Arguments("[slots]\n= 2\n")]
    [Arguments("\u0000\u0001[slots]\n")]
    [Arguments("[:]\na = 2\n")]
    [Arguments("[image]\na = 2\n")]
    [Arguments("[queue]\nimage = x\n")]
    [Arguments("[image:]\ncpus = 2\n")]
    [Arguments("[slots]\ncount:x = 2\n")]
    [Arguments("[slots:x]\ncount = 2\n")]
    [Arguments("[queue:a:b]\nimage = x\n")]
    public async Task A_file_of_another_form_is_a_problem_and_never_an_exception(string text) =>
        await Assert.That(Problems(text)).IsNotEmpty();

    [Test]
    [Arguments("[slots]\r\ncount = 2\r\n")]
    [Arguments("\uFEFF[slots]\ncount = 2\n")]
    [Arguments("\n\n  [slots]  \n\t count=2")]
    [Arguments("[slots]\nCount = 2\n")]
    [Arguments("[slots]\ncount = \"2\"\n")]
    public async Task Line_ends_blanks_and_quotes_do_not_matter(string text)
    {
        var settings = SettingsReader.Read(text, out var problems, out _);
        await Assert.That(problems).IsEmpty();
        await Assert.That(settings.Slots.Count).IsEqualTo(2);
    }

    [Test]
    public async Task A_comment_behind_a_value_is_part_of_it() =>
        await Assert.That(Problems("[slots]\ncpus = 2 ; two\n").Single()).StartsWith("[slots] cpus: '2 ; two' must be a whole number");

    [Test]
    public async Task An_empty_value_is_the_default()
    {
        var settings = SettingsReader.Read("[slots]\ncpus =\n[network]\ngateway =\nnameservers =\n", out var problems, out _);
        await Assert.That(problems).IsEmpty();
        await Assert.That((settings.Slots.Cpus, settings.Network.Gateway, settings.Network.NameServers.Count)).IsEqualTo((1, (string?)null, 0));
    }

    [Test]
    public async Task The_effective_values_are_a_file_that_means_the_same()
    {
        const string text = "[slots]\ncount = 3\nmemory = 1536MiB\n[network]\nrestrict = yes\n[image:a]\nready_timeout = 90s\n[queue:q]\nimage = a\n";
        var settings = SettingsReader.Read(text, out _, out var effective);
        var printed = string.Concat(effective.GroupBy(v => v.Section).Select(g => $"[{g.Key}]\n{string.Concat(g.Select(v => $"{v.Key} = {v.Text()}\n"))}"));
        var again = SettingsReader.Read(printed, out var problems, out _);
        await Assert.That(problems).IsEmpty();
        await Assert.That((again.Appliance, again.Slots, again.Storage, again.Images["a"], again.Queues["q"]))
            .IsEqualTo((settings.Appliance, settings.Slots, settings.Storage, settings.Images["a"], settings.Queues["q"]));
    }

    [Test]
    public async Task The_effective_values_tell_what_the_file_sets()
    {
        SettingsReader.Read("[slots]\ncount = 3\n", out _, out var effective);
        await Assert.That(string.Join(' ', effective.Where(v => !v.IsDefault).Select(v => $"[{v.Section}] {v.Key} = {v.Text()}"))).IsEqualTo("[slots] count = 3");
    }
}
