using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Configuration;

/// <summary>Finds the one configuration file and reads it.</summary>
static class ConfigurationFile
{
    /// <summary>Where an installed node has it.</summary>
    public const string Standard = "/etc/vmappliance/vmappliance.ini";

    const int LargestFile = 1 << 20;
    const string Name = "vmappliance.ini";

    /// <summary>The file in force: root may keep one beside the program itself (that is how tests move everything), else the standard one.</summary>
    public static string Locate()
    {
        var beside = Path.Combine(Path.GetDirectoryName(Host.Executable) ?? "/", Name);
        return Files.Facts(beside) is { Uid: 0, IsRegular: true, OthersCanWrite: false } ? beside : Standard;
    }

    /// <summary>Reads the settings; a missing standard file means the defaults.</summary>
    /// <exception cref="ApplianceException">It cannot be read, or anything in it is wrong: all of it is named.</exception>
    public static Settings Load(string file) => Load(file, out _);

    /// <summary>Reads the settings and tells the value in force of every key.</summary>
    public static Settings Load(string file, out IReadOnlyList<EffectiveValue> effective)
    {
        var settings = SettingsReader.Read(Text(file), out var problems, out effective);
        return problems.Count == 0 ? settings : throw new ApplianceException(Blame.Node, "read configuration", file,
            string.Join("\n  ", problems.Prepend(problems.Count == 1 ? "1 problem" : $"{problems.Count} problems")),
            "all keys are described in vmappliance.ini(5)");
    }

    static string Text(string file)
    {
        try
        {
            var content = Files.ReadNoFollow(file, LargestFile, out var facts);
            // Root's hooks do what this file says: nobody else may have written it.
            if (Host.EffectiveUser == 0 && (facts.Uid != 0 || facts.OthersCanWrite))
                throw new ApplianceException(Blame.Node, "read configuration", file, "somebody else than root can write to it",
                    $"chown root {file}; chmod 644 {file}");
            return Encoding.UTF8.GetString(content);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT && file == Standard)
        {
            return "";
        }
        catch (LinuxException e)
        {
            throw new ApplianceException(Blame.Node, "read configuration", file, e.Reason, "it must be a regular file that everybody can read", e);
        }
    }
}
