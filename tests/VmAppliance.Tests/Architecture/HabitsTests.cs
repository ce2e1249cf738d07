using System.Text.RegularExpressions;

namespace VmAppliance.Tests.Architecture;

/// <summary>What the sources never do.</summary>
sealed partial class HabitsTests
{
    const int LongestFile = 300, LongestTest = 200;

    static async Task None(IEnumerable<string> violations) => await Assert.That(string.Join('\n', violations)).IsEqualTo("");

    static IEnumerable<(string Path, string[] Lines)> Tests() => Directory.GetFiles($"{Repository.Root}/tests/VmAppliance.Tests", "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)).Select(f => (f, File.ReadAllLines(f)));

    [Test]
    [Arguments("Thread.Sleep", "wait for an event with a deadline: Linux/Poll.cs")]
    [Arguments("Task.Delay", "wait for an event with a deadline: Linux/Poll.cs")]
    [Arguments("SpinWait", "wait for an event with a deadline: Linux/Poll.cs")]
    [Arguments("Environment.GetEnvironmentVariable", "the job's owner chose it: Linux/InitialProcess.cs reads it as data")]
    [Arguments("Environment.SetEnvironmentVariable", "a child gets the environment it is given: Linux/Spawn.cs")]
    [Arguments("Process.Start", "run tools through Processes/CommandRunner.cs")]
    [Arguments("new Process(", "run tools through Processes/CommandRunner.cs")]
    [Arguments("System.Diagnostics.Process", "run tools through Processes/CommandRunner.cs")]
    [Arguments("Environment.Exit", "return a status")]
    [Arguments("/proc/cpuinfo", "to open it interrupts every cpu: Linux/Processor.cs")]
    [Arguments("TODO", "finish it")]
    [Arguments("FIXME", "mend it")]
    public async Task Nothing_of_what_is_banned_is_used(string banned, string instead)
    {
        await None(Source.All.SelectMany(s => s.Having(banned)).Select(l => $"{l}\n  instead: {instead}"));
        await None(Source.All.SelectMany(s => s.Lines.Where(l => l.Contains("// " + banned, StringComparison.Ordinal))));
    }

    [Test]
    public async Task Files_are_short() => await None(Source.All.Where(s => s.Lines.Count > LongestFile).Select(s => $"{s.Path}: {s.Lines.Count} lines"));

    [Test]
    public async Task Tests_are_short() => await None(Tests().Where(t => t.Lines.Length > LongestTest).Select(t => $"{t.Path}: {t.Lines.Length} lines"));

    [Test]
    public async Task No_type_has_a_name_that_says_nothing() => await None(
        from source in Source.All from line in source.Code where TypeLine.Match(line) is { Success: true } match && Empty.IsMatch(match.Groups["name"].Value) select $"{source.Path}: {line}");

    [Test]
    public async Task Every_file_has_the_type_that_it_is_named_for() => await None(
        from source in Source.All where source.Room.Length > 0
        let types = source.Code.Select(l => TypeLine.Match(l)).Where(m => m.Success).Select(m => m.Groups["name"].Value)
        where !types.Contains(Path.GetFileNameWithoutExtension(source.Path)) select $"{source.Path}: {string.Join(", ", types)}");

    [Test]
    public async Task Every_type_says_what_it_is_for() => await None(
        from source in Source.All
        from i in Enumerable.Range(0, source.Lines.Count)
        where TypeLine.IsMatch(source.Lines[i]) && !source.Lines[i].StartsWith(' ') && !IsDocumented(source.Lines, i) select $"{source.Path}:{i + 1} {source.Lines[i]}");

    static bool IsDocumented(IReadOnlyList<string> lines, int line)
    {
        while (line > 0 && lines[line - 1].TrimStart().StartsWith('['))
            line--;
        return line > 0 && (lines[line - 1].TrimStart().StartsWith("///", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\s*(public |private )?((static|sealed|abstract|unsafe|partial|readonly) )*(class|record struct|record|struct|interface|enum) (?<name>\w+)")]
    private static partial Regex TypeLine { get; }

    [GeneratedRegex("Manager|Helper|Utils|Util$|Misc|Common$")]
    private static partial Regex Empty { get; }
}
