using System.Text;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Batch;

/// <summary>A job's spool directory on the node (<c>…/active_jobs/JOB.TASK</c>): the one thing a root hook believes about a job.</summary>
/// <remarks>
/// The environment of a hook is the job owner's to choose. The directory's path comes from there too, so it counts only if neither it
/// nor a directory above it could have been made or changed by anybody but root and Grid Engine's administrator.
/// </remarks>
sealed class SpoolDirectory
{
    const int LargestConfig = 4 << 20;

    readonly IReadOnlyList<ConfigLine> _lines;

    SpoolDirectory(string path, byte[] config)
    {
        Path = path;
        _lines = ConfigLine.Split(config);
        Arguments = JobArguments.Read(_lines);
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>Opens it for a root hook.</summary>
    /// <param name="path">As the environment says.</param>
    /// <param name="ownersChoice">Whether the job's owner could choose the path (sudo): then nothing below a directory like /tmp, where
    /// owners can mount file systems of their own.</param>
    /// <param name="adminUid">Finds the user id of Grid Engine's administrator, -1 when there is no such account; asked only of what is not root's.</param>
    /// <exception cref="ApplianceException">Somebody else could have written it, or part of its description.</exception>
    public static SpoolDirectory OpenTrusted(string path, Func<int> adminUid, bool ownersChoice = false)
    {
        if (!path.StartsWith('/') || System.IO.Path.GetFullPath(path) != path || path.Contains('\n', StringComparison.Ordinal))
            throw Refused(path, "it is no plain absolute path");
        var admin = new Lazy<int>(adminUid);
        for (var part = path; part != "/"; part = System.IO.Path.GetDirectoryName(part)!)
            if (Files.Facts(part) is not { IsDirectory: true } facts)
                throw Refused(path, $"{part} is no directory");
            else if (!IsTrusted(facts, admin) || (facts.OthersCanWrite && (ownersChoice || !facts.IsSticky)))
                throw Refused(path, $"{part} could have been changed by others than root and Grid Engine's administrator");
        var spool = new SpoolDirectory(path, ReadConfig(path, admin));
        return ConfigTable.Forgery(spool._lines) is not { } sentence ? spool : throw new ApplianceException(Blame.Job, "read job", path, sentence,
            "a line break in an argument or a path of the job does that: put such text into the script, or into a file");
    }

    /// <summary>Opens it with the rights and the trust of the job's owner.</summary>
    public static SpoolDirectory OpenOwn(string path) => new(path, ReadConfig(path, null));

    /// <summary>The job's arguments, byte for byte, with the line breaks that its command line has lost on the way; null when it has none.</summary>
    public IReadOnlyList<byte[]>? Arguments { get; }

    /// <summary>A value of the job's <c>config</c> file as it stands there, in no particular encoding; null when it is not there.</summary>
    public byte[]? Bytes(string key) => _lines.LastOrDefault(l => l.Name == key) is { Text.IsEmpty: false } line ? line.Value.ToArray() : null;

    /// <summary>A value of the job's <c>config</c> file; null when it is not there.</summary>
    public string? Value(string key) => Bytes(key) is { } value ? Encoding.UTF8.GetString(value) : null;

    /// <summary>A value that must be there.</summary>
    /// <exception cref="ApplianceException">It is not.</exception>
    public string Require(string key) => Value(key) is { Length: > 0 } value ? value
        : throw new ApplianceException(Blame.Node, "read job", Path, $"its description has no '{key}'");

    /// <summary>The hosts of a parallel job, sge_pe(5) under pe_hostfile; none when it is no parallel job.</summary>
    /// <exception cref="ApplianceException">Somebody else than root and Grid Engine's administrator wrote the file.</exception>
    public IReadOnlyList<string> Hosts(Func<int> adminUid)
    {
        var path = $"{Path}/pe_hostfile";
        if (Files.Facts(path) is null)
            return [];
        var content = Files.ReadNoFollow(path, LargestConfig, out var facts);
        return IsTrusted(facts, new Lazy<int>(adminUid)) && !facts.OthersCanWrite
            ? [.. Encoding.UTF8.GetString(content).Split('\n').Select(l => l.Split(' ')[0]).Where(n => n.Length > 0).Distinct()]
            : throw Refused(path, "it could have been changed by others than root and Grid Engine's administrator");
    }

    static bool IsTrusted(FileFacts facts, Lazy<int> admin) => facts.Uid == 0 || facts.Uid == admin.Value;

    static byte[] ReadConfig(string path, Lazy<int>? admin)
    {
        try
        {
            var content = Files.ReadNoFollow($"{path}/config", LargestConfig, out var facts);
            return admin is null || (IsTrusted(facts, admin) && !facts.OthersCanWrite) ? content
                : throw Refused(path, "its config file could have been changed by others than root and Grid Engine's administrator");
        }
        catch (LinuxException e)
        {
            // Only the job's own words can make it so large.
            throw new ApplianceException(e.Errno == Errno.EFBIG ? Blame.Job : Blame.Node, "read job", $"{path}/config", e.Reason, null, e);
        }
    }

    static ApplianceException Refused(string path, string reason) => new(Blame.Node, "read job", path, reason,
        "SGE_JOB_SPOOL_DIR must be the execution daemon's own; if its account is not 'sgeadmin', set [gridengine] admin_user");
}
