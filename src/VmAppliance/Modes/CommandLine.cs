using System.CommandLine;
using System.CommandLine.Invocation;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Modes.Maintenance;

namespace VmAppliance.Modes;

/// <summary>The command line that people type; hooks never come here.</summary>
static class CommandLine
{
    // sysexits.h
    const int EX_USAGE = 64, EX_CONFIG = 78;

    /// <summary>sysexits.h: try again later.</summary>
    public const int EX_TEMPFAIL = 75;

    /// <summary>Parses and runs.</summary>
    public static int Run(string[] arguments)
    {
        var configuration = new Option<string?>("--config") { Description = $"The configuration file (default: {ConfigurationFile.Standard}).", Recursive = true };
        string File(ParseResult parsed) => parsed.GetValue(configuration) is { } named ? Path.GetFullPath(named) : ConfigurationFile.Locate();
        var root = new RootCommand("Runs every batch job in a clean virtual machine.") { configuration };
        root.Subcommands.Add(RunMode.Create(File));
        root.Subcommands.Add(MaintenanceMode.Create(File));
        foreach (var hook in Hooks.All)
            root.Subcommands.Add(new Command(hook.Name, hook.Description));
        var parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction)
            return Usage(string.Join("; ", parsed.Errors.Select(e => e.Message.TrimEnd('.'))));
        return Guarded(() => parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }));
    }

    /// <summary>Says that the call was wrong.</summary>
    /// <returns>EX_USAGE.</returns>
    public static int Usage(string reason)
    {
        Complaint.Say(Complaint.Text(new ApplianceException(Blame.Usage, "read command line", "vmappliance", reason, "vmappliance --help")));
        return EX_USAGE;
    }

    static int Guarded(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception e)
        {
            Complaint.Say(Complaint.Text(e));
            return StatusOf(e);
        }
    }

    /// <summary>The exit status that tells whose fault a failure is.</summary>
    public static int StatusOf(Exception failure) => Complaint.BlameOf(failure) switch
    {
        Blame.Usage => EX_USAGE,
        Blame.Transient or Blame.Full => EX_TEMPFAIL,
        _ when failure.Message.StartsWith("read configuration", StringComparison.Ordinal) => EX_CONFIG,
        _ => 1,
    };
}
