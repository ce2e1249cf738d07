using System.Diagnostics;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Binary;

/// <summary>One static file that starts at once, opens no library and believes nothing of its environment.</summary>
sealed class StaticBinaryTests
{
    // A library that slips in weighs millions; what the program learns weighs thousands.
    const long MostBytes = 15_000_000;
    const double MostMilliseconds = 15;

    // What starting /bin/true takes where 15 ms were asked for.
    const double UsualMilliseconds = 1.5;

    // What a job's owner could try: settings of the .NET runtime, of OpenSSL and of the C library.
    static readonly string[] s_runtime = ["DOTNET_GCHeapHardLimit=1", "DOTNET_EnableEventPipe=1", "DOTNET_gcServer=1", "GCHeapHardLimit=1", "DOTNET_DbgEnableMiniDump=1", "GLIBC_TUNABLES=glibc.malloc.check=3"];

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    Node Node => Machine.Session.With("binary");

    [Test]
    public async Task ItIsStatic() =>
        await Assert.That((await new Command("ldd", Repository.Binary).Run()).ToString()).Contains("statically linked");

    [Test]
    public async Task ItIsSmall() => await Assert.That(new FileInfo(Repository.Binary).Length).IsLessThanOrEqualTo(MostBytes);

    [Test]
    [NotInParallel]
    public async Task ItStartsAtOnce()
    {
        var (help, any, most) = (double.MaxValue, double.MaxValue, 0.0);
        // The quickest of many, in turns: a busy machine makes some slow, but none quicker.
        for (var round = 0; round < 500 && (round < 50 || help > most); round++)
        {
            (help, any) = (Math.Min(help, Milliseconds(Repository.Binary, "--help")), Math.Min(any, Milliseconds("/bin/true")));
            // As a ratio, in one run: where starting any program takes longer than it should, so may this one.
            most = MostMilliseconds * Math.Max(1, any / UsualMilliseconds);
        }

        await Assert.That(help).IsLessThanOrEqualTo(most).Because($"--help took {help:0.0} ms, true {any:0.0} ms");
    }

    [Test]
    public async Task MachinesAndJobsHaveTheHugePagesThatItRefuses()
    {
        await Assert.That(RunningProcess.Read(Machine.Node.Machines.Single().Pid)!.Status("THP_enabled")[0]).IsEqualTo("1");
        await Assert.That((await Node.Run("grep", "THP_enabled", "/proc/self/status").Run()).Text).IsEqualTo("THP_enabled:\t1\n");
    }

    static double Milliseconds(params string[] words)
    {
        byte[][] argv = [.. words.Select(System.Text.Encoding.UTF8.GetBytes)];
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        var watch = Stopwatch.StartNew();
        return Spawned.Wait(Spawned.Start(argv, [], "/", [nothing, nothing, nothing])) == 0 ? watch.Elapsed.TotalMilliseconds
            : throw new InvalidOperationException($"{string.Join(' ', words)} failed");
    }

    [Test]
    public async Task ItIsBuiltWithoutAWarning()
    {
        var (all, project) = (await File.ReadAllTextAsync(Repository.At("Directory.Build.props")), await File.ReadAllTextAsync(Repository.At("src/VmAppliance/VmAppliance.csproj")));

        // Trim and AOT warnings are errors as well, as long as nothing hides them.
        await Assert.That(all).Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>");
        foreach (var hiding in new[] { "NoWarn", "WarningsNotAsErrors", "SuppressTrimAnalysisWarnings", "SuppressAotAnalysisWarnings", "TrimmerSingleWarn" })
            await Assert.That((all + project).Contains(hiding, StringComparison.Ordinal)).IsFalse().Because(hiding);
    }

    [Test]
    [Arguments("--help")]
    [Arguments("maintenance", "config")]
    [Arguments("run", "--image", "nope", "--", "true")]
    public async Task ItOpensNoLibraryAndHeedsNoVariable(params string[] arguments)
    {
        var plain = await Node.Command(arguments).Run();

        var result = await Traced(Node.Command(arguments), $"plain-{arguments[0].Trim('-')}");

        await Assert.That(result.ToString()).IsEqualTo(plain.ToString());
    }

    [Test]
    public async Task NorDoesAnSshSession()
    {
        var result = await Traced(Machine.Script("echo works; exit 3"), "ssh");

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(3, "works\n"u8.ToArray(), []).ToString());
    }

    [Test]
    public async Task NorDoesAWholeRun()
    {
        // A node of its own: what another test's machine has would look like a rest.
        var node = Machine.Session.With("binary-whole");
        var result = await Traced(node.Script("echo works; exit 3"), "run");

        await Assert.That(result.ToString()).IsEqualTo(new CommandResult(3, "works\n"u8.ToArray(), []).ToString());
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    public async Task ItWorksWithinAJobsAddressSpace()
    {
        const string Limit = "--as=134217728"; // as h_vmem=128M sets it

        // Threads that start at once must not take each other's: a start in thirty once failed of that.
        const int Starts = 100;
        for (var start = 0; start < Starts; start++)
            await Assert.That((await Node.Command("--help").Behind("prlimit", Limit, "--").Run()).Status).IsEqualTo(0);
        var job = await Machine.Script("echo works").Behind("prlimit", Limit, "--").Run();

        await Assert.That(job.ToString()).IsEqualTo(new CommandResult(0, "works\n"u8.ToArray(), []).ToString());
    }

    // Runs with a hostile environment, and looks at every file that our program (not what it starts) opens.
    async Task<CommandResult> Traced(Command command, string name)
    {
        var directory = $"{Machine.Session.Directory}/trace-{name}";
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync($"{directory}/evil.cnf", "openssl_conf = evil\n[evil]\nengines = no-such-section\n");
        var hostile = s_runtime.Append($"DOTNET_EventPipeOutputPath={directory}/evil.nettrace").Append($"OPENSSL_CONF={directory}/evil.cnf").Select(v => v.Split('=', 2));
        var environment = command.Environment.Concat(hostile.ToDictionary(v => v[0], v => v[1])).ToDictionary();

        var result = await (command with { Environment = environment }).Behind("strace", "--quiet=all", "--follow-forks", "--output-separately", "--seccomp-bpf",
            "--trace=open,openat,openat2,execve", $"--output={directory}/trace", "--").Run();

        var opened = Directory.GetFiles(directory, "trace.*").SelectMany(OurCalls).Where(c => c.StartsWith("open", StringComparison.Ordinal)).ToList();
        await Assert.That(opened.Count).IsGreaterThan(0);
        await Assert.That(opened.Where(c => c.Contains(".so", StringComparison.Ordinal) || c.Contains("evil", StringComparison.Ordinal))).IsEmpty();
        await Assert.That(File.Exists($"{directory}/evil.nettrace")).IsFalse();
        return result;
    }

    // A file per thread: what comes before our program was started, or after another one was, is not ours.
    static IEnumerable<string> OurCalls(string file)
    {
        var calls = File.ReadAllLines(file).ToList();
        var start = calls.FindLastIndex(c => c.StartsWith("execve(", StringComparison.Ordinal) && c.EndsWith(" = 0", StringComparison.Ordinal));
        return start < 0 || calls[start].Contains("/bin/vmappliance\"", StringComparison.Ordinal) || calls[start].Contains("/libexec/", StringComparison.Ordinal) ? calls.Skip(start + 1) : [];
    }
}
