using System.CommandLine;
using VmAppliance.Configuration;

namespace VmAppliance.Modes.Maintenance;

/// <summary><c>maintenance config</c>: the configuration in force, defaults included, as a file that could be used.</summary>
static class ConfigMode
{
    /// <summary>The sub-command.</summary>
    public static Command Create(Func<ParseResult, string> configuration)
    {
        var command = new Command("config", "Print the configuration in force, defaults included.");
        command.SetAction(parsed => Print(configuration(parsed)));
        return command;
    }

    static int Print(string file)
    {
        ConfigurationFile.Load(file, out var effective);
        Console.WriteLine($"# {file}{(File.Exists(file) ? "" : " (there is no such file)")}; a value marked '# default' is not set there");
        foreach (var section in effective.GroupBy(v => v.Section))
        {
            Console.WriteLine($"\n[{section.Key}]");
            foreach (var value in section)
                Console.WriteLine($"{(value.IsDefault ? "# default\n" : "")}{value.Key} = {value.Text()}");
        }
        return 0;
    }
}
