using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Modes;

/// <summary><c>run</c>: the whole cycle in one process, with no batch system: a command in a machine that nobody has used before.</summary>
static class RunMode
{
    const string LastResort = "nobody";

    /// <summary>The account of machines that are nobody's in particular.</summary>
    public const string SystemAccount = "vmappliance";

    /// <summary>That account, or who stands in for it where it does not exist.</summary>
    static Account DefaultOwner() => AccountDatabase.Find(SystemAccount) ?? AccountDatabase.Get(LastResort);

    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var image = new Option<string?>("--image") { Description = "The image to run (default: the only one there is)." };
        var owner = new Option<string?>("--owner") { Description = "Whose rights the machine and the command have (default: who called sudo, else the system account vmappliance, else nobody)." };
        var cpus = new Option<int?>("--cpus") { Description = "Virtual cpus (default: the image's)." };
        var memory = new Option<long?>("--memory") { Description = "Memory, such as 512MiB (default: the image's).", CustomParser = Size };
        var cold = new Option<bool>("--cold") { Description = "Boot the machine, even where it could be resumed from a template." };
        var timeline = new Option<bool>("--timeline") { Description = "Tell on standard error how long each step of the cycle took." };
        var words = new Argument<string[]>("command") { Description = "The command and its arguments, behind --.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("run", "Run a command in a clean machine, and destroy the machine.") { image, owner, cpus, memory, cold, timeline, words };
        command.SetAction(parsed => Run(configuration(parsed), parsed.GetValue(image), parsed.GetValue(owner),
            parsed.GetValue(cpus), parsed.GetValue(memory), parsed.GetValue(cold), parsed.GetValue(timeline), Words(parsed, parsed.GetRequiredValue(words))));
        return command;
    }

    static int Run(string configuration, string? image, string? owner, int? cpus, long? memory, bool cold, bool wantTimeline, IReadOnlyList<byte[]> words)
    {
        if (Host.EffectiveUser != 0)
            throw new ApplianceException(Blame.Usage, "run command", Encoding.UTF8.GetString(words[0]), "only root can prepare a machine", "use sudo; the command itself will have your rights");
        Limits.Lift();
        var node = new Node(ConfigurationFile.Load(configuration));
        var account = Owner(owner);
        var job = new Job(new JobKey($"run{Environment.ProcessId}", 1), account.Name, "", [], null);
        var request = new MachineRequest(job, account, image ?? OnlyImage(node), node.Settings.Appliance.LostStatus, cpus, memory, cold,
            InitialProcess.Directory());
        var timeline = new Timeline();
        // Held over the whole cycle: whenever Ctrl-C comes, the machine is taken down in order.
        using var interruption = new Interruption();
        using var lease = new PrepareJob(node, timeline, interruption.PollDescriptor).Run(request);
        try
        {
            if (interruption.WasAsked)
                throw new ApplianceException(Blame.Transient, "run command", Encoding.UTF8.GetString(words[0]), "interrupted");
            var pass = lease.Issued!;
            var run = new RunJob(node.Hypervisor, pass, lease.Directory, () => CommandLine.EX_TEMPFAIL);
            return run.Run(Commands.ByHand(words, account, pass)).GetAwaiter().GetResult().Status;
        }
        finally
        {
            timeline.Mark(Timeline.Job);
            var release = new ReleaseJob(node);
            release.Run(lease);
            release.Complain();
            timeline.Mark("destroy");
            if (wantTimeline)
                Complaint.Say($"{timeline.Full}\n");
        }
    }

    // Behind "--" the words are taken as the kernel has them: an argument need not be text.
    static IReadOnlyList<byte[]> Words(ParseResult parsed, string[] parsedWords)
    {
        if (parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash))
            return [.. InitialProcess.Arguments().SkipWhile(a => !a.AsSpan().SequenceEqual("--"u8)).Skip(1)];
        return !parsedWords[0].StartsWith('-') ? [.. parsedWords.Select(Encoding.UTF8.GetBytes)] : throw new ApplianceException(
            Blame.Usage, "read command line", parsedWords[0], "run has no such option", "a command that begins with '-' goes behind --");
    }

    static Account Owner(string? name)
    {
        if ((name ?? InitialProcess.Variable("SUDO_USER")) is { } wanted and not "root")
            return AccountDatabase.Get(wanted);
        if (name is not null)
            throw new ApplianceException(Blame.Usage, "choose owner", name, "a machine is never root's", "name an ordinary account");
        return DefaultOwner();
    }

    static string OnlyImage(Node node) => node.Images.List() switch
    {
        [var only] => only.Name,
        [] => throw new ApplianceException(Blame.Usage, "choose image", "run", "there is none", "import one: vmappliance maintenance image import --help"),
        var images => throw new ApplianceException(Blame.Usage, "choose image", "run", "there are several", $"say --image, one of: {string.Join(", ", images.Select(i => i.Name))}"),
    };

    static long? Size(ArgumentResult result)
    {
        if (Units.Size(result.Tokens[0].Value) is { } size)
            return size;
        result.AddError($"'{result.Tokens[0].Value}' is no size; such as 512MiB or 2GiB");
        return null;
    }
}
