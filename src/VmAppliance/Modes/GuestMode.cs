using VmAppliance.Guest.Agent;

namespace VmAppliance.Modes;

/// <summary><c>guest</c>: what runs inside a machine.</summary>
static class GuestMode
{
    /// <summary>Runs the agent, the launcher of a job, or a job's last step.</summary>
    /// <param name="arguments">The words behind <c>guest</c>.</param>
    public static int Run(IReadOnlyList<string> arguments) => (arguments.Count > 0 ? arguments[0] : null) switch
    {
        null => GuestAgent.Run(),
        "exec" => JobLauncher.RunHere(),
        LimitedStart.Verb => LimitedStart.Run(waits: false),
        LimitedStart.WaitingVerb => LimitedStart.Run(waits: true),
        _ => CommandLine.Usage($"guest: there is no '{arguments[0]}'"),
    };
}
