using System.Text;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Run;

/// <summary>Arguments and environment reach the command byte for byte, by both doors.</summary>
[ParallelLimiter<TwoMachines>]
sealed class ArgumentTests
{
    // Each argument in hexadecimal on a line of its own.
    const string Print = "for a; do printf %s \"$a\" | od -An -v -tx1 | tr -d ' \\n'; echo; done";

    static readonly byte[][] s_awkward = [.. new[]
    {
        "", " ", "two words", "'single' \"double\" `back` $HOME $(id) \\", "line\nbreak\n", "tab\there", "ünïcødé ✓ 🚀", "--", "-x", "--help", "--image",
        "@/etc/hostname", "[suggest:3]", "*", "a;b|c&d>e", "-", "=", "#", "\u0001\u001b[31m",
    }.Select(Encoding.UTF8.GetBytes), [0xFF, 0xFE, (byte)'x', 0x80], []];

    static readonly Dictionary<string, string> s_environment = new()
    {
        ["AWKWARD"] = "line\nbreak 'single' \"double\" $HOME \\ end\n",
        ["BASH_FUNC_x%%"] = "() {  echo hello\n}",
        ["EMPTY"] = "",
        ["lower.and-odd"] = "ünïcødé ✓",
        ["LONG"] = new string('x', 100_000),
        ["DOTNET_GCHeapHardLimit"] = "1",
        ["DISPLAY"] = ":0",
        ["SSH_AUTH_SOCK"] = "/nonexistent/agent",
    };

    static readonly string[] s_hostOnly = ["DISPLAY", "SSH_AUTH_SOCK"];

    [ClassDataSource<HeldMachine>(Shared = SharedType.PerTestSession)]
    public required HeldMachine Machine { get; init; }

    [Test]
    public async Task ArgumentsByRun() => await Arrive(Machine.Session.Standard.Script(Print));

    [Test]
    public async Task ArgumentsByTheStarter() => await Arrive(Machine.Script(Print));

    [Test]
    public async Task EnvironmentByRun() => await EnvironmentArrives(Machine.Session.Standard.Run("env", "--null"));

    [Test]
    public async Task EnvironmentByTheStarter() => await EnvironmentArrives(Machine.Start("env", "--null"));

    static async Task Arrive(Command print)
    {
        var result = await s_awkward.Aggregate(print.And("sh"), (command, argument) => command.And(argument)).Run();

        await Assert.That(result.Status).IsEqualTo(0).Because($"{result}");
        await Assert.That(string.Join('\n', result.Lines)).IsEqualTo(string.Join('\n', s_awkward.Select(Convert.ToHexStringLower)));
    }

    static async Task EnvironmentArrives(Command print)
    {
        var result = await (print with { Environment = print.Environment.Concat(s_environment).ToDictionary() }).Run();

        await Assert.That(result.Status).IsEqualTo(0).Because($"{result}");
        var received = result.Text.Split('\0');
        foreach (var (name, value) in s_environment)
            await Assert.That(received.Contains($"{name}={value}")).IsEqualTo(!s_hostOnly.Contains(name)).Because(name);
    }
}
