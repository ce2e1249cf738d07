using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Modes;

/// <summary>The modes that a batch system or a machine's boot starts. Their words are not ours to interpret: they never reach the parser.</summary>
static class Hooks
{
    /// <summary>Name and one line of help of each.</summary>
    public static IReadOnlyList<(string Name, string Description)> All { get; } =
    [
        ("prolog", "Hook: prepare the job's machine (root)."),
        ("starter", "Hook: run the job in its machine (the job's owner)."),
        ("epilog", "Hook: destroy the job's machine (root)."),
        ("suspend", "Method: pause the job's machine (the job's owner)."),
        ("resume", "Method: let the job's machine go on (the job's owner)."),
        ("terminate", "Method: end the job (the job's owner)."),
        ("guest", "Inside a machine: take the identity, serve ssh, start jobs."),
    ];

    /// <summary>Runs a hook if this process was started as one, by the name of the link or by the first argument.</summary>
    /// <returns>The exit status; null when it was not.</returns>
    public static int? Run()
    {
        var words = InitialProcess.Arguments();
        // A shepherd may put '-' before a starter's name to ask for a login shell.
        var name = Path.GetFileName(Text(words[0])).TrimStart('-');
        if (Is(name) && name != "guest")
            return Run(name, [.. words.Skip(1)]);
        return words.Count > 1 && Is(Text(words[1])) && !AsksForHelp(words) ? Run(Text(words[1]), [.. words.Skip(2)]) : null;
    }

    static int Run(string name, IReadOnlyList<byte[]> words) => name switch
    {
        "prolog" => PrologMode.Run(),
        "starter" => StarterMode.Run(words),
        "epilog" => EpilogMode.Run(),
        "guest" => GuestMode.Run([.. words.Select(Text)]),
        _ => ControlModes.Run(name, [.. words.Select(Text)]),
    };

    static bool Is(string name) => All.Any(h => h.Name == name);

    static bool AsksForHelp(IReadOnlyList<byte[]> words) => words.Count == 3 && Text(words[2]) is "--help" or "-h" or "-?";

    static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
