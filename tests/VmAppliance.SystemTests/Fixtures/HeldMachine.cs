using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>
/// A machine that stays up while tests start commands in it: <c>run</c> holds it, <c>starter</c> (the same code behind another door)
/// uses it. A command costs a second that way, a machine of its own costs ten.
/// </summary>
sealed class HeldMachine : IAsyncInitializer, IAsyncDisposable
{
    /// <summary>The name of its node.</summary>
    public const string NodeName = "held";

    RunningCommand? _holder;

    /// <summary>The session.</summary>
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    /// <summary>The machine's owner.</summary>
    [ClassDataSource<TestAccount>(Shared = SharedType.PerTestSession)]
    public required TestAccount Owner { get; init; }

    /// <summary>The machine's node.</summary>
    public Node Node => Session.With(NodeName);

    /// <summary>A command in the machine, started by its owner through the starter.</summary>
    public Command Start(params IEnumerable<string> words) => Owner.As(new Command([$"{Node.Hooks}/starter", .. words])) with
    {
        Environment = new Dictionary<string, string> { ["JOB_ID"] = $"run{_holder!.Pid}", ["SGE_TASK_ID"] = "1", ["HOME"] = Owner.Home, ["USER"] = Owner.Name },
    };

    /// <summary>A shell script in the machine.</summary>
    public Command Script(string script) => Start("sh", "-c", script);

    public async Task InitializeAsync()
    {
        _holder = (Node.Command("run", "--image", TestNode.Image, "--owner", Owner.Name, "--", "sh", "-c", "echo up; exec cat") with
        {
            KeepInputOpen = true,
            Deadline = TimeSpan.FromMinutes(20),
        }).Start();
        await _holder.Output.Contains("up\n");
    }

    public async ValueTask DisposeAsync()
    {
        if (_holder is null)
            return;
        await _holder.Input.DisposeAsync();
        await _holder.Ended;
        await _holder.DisposeAsync();
    }
}
