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

    // The shepherd cuts longer lines, and takes the rest for a line of its own.
    const int LongestLine = 99_000;

    // Grid Engine writes values as they are, line breaks included, and believes the last of equal keys: a job's argument can pose as a line.
    static readonly string[] Forgeable = ["job_owner", "queue", "job_id", "ja_task_id", "tmpdir", "script_file", "prolog", "epilog", "starter_method",
        "suspend_method", "resume_method", "terminate_method", "min_uid", "min_gid", "add_grp_id", "admin_user", "handle_as_binary", "shell_path", "cwd", "host_slots"];

    readonly Dictionary<string, List<string>> _values = [];

    SpoolDirectory(string path, byte[] config)
    {
        Path = path;
        var lines = Encoding.UTF8.GetString(config).Split('\n');
        Arguments = JobArguments.Read(lines);
        // Names end at a blank or '=', as the shepherd reads them.
        foreach (var line in lines.Select(l => l.TrimStart(' ')))
            if (line.IndexOfAny([' ', '=']) is > 0 and var end)
                (_values.TryGetValue(line[..end], out var values) ? values : _values[line[..end]] = []).Add(line[(end + 1)..]);
        if (lines.Any(l => l.Length >= LongestLine))
            throw new ApplianceException(Blame.Job, "read job", path, "one of its arguments is longer than Grid Engine can handle", "put it into a file");
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>Opens it for a root hook.</summary>
    /// <param name="path">As the environment says.</param>
    /// <param name="ownersChoice">Whether the job's owner could choose the path (sudo): then nothing below a directory like /tmp, where
    /// owners can mount file systems of their own.</param>
    /// <param name="adminUid">Finds the user id of Grid Engine's administrator, -1 when there is no such account; asked only of what is not root's.</param>
    /// <exception cref="ApplianceException">Somebody else could have written it.</exception>
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
        foreach (var key in Forgeable)
            spool.Value(key);
        return spool;
    }

    /// <summary>Opens it with the rights and the trust of the job's owner.</summary>
    public static SpoolDirectory OpenOwn(string path) => new(path, ReadConfig(path, null));

    /// <summary>The job's arguments with the line breaks that its command line has lost on the way; null when it has none.</summary>
    public IReadOnlyList<string>? Arguments { get; }

    /// <summary>A value of the job's <c>config</c> file; null when it is not there.</summary>
    /// <exception cref="ApplianceException">The key is there twice: an argument of the job with a line break in it pretends to be a line.</exception>
    public string? Value(string key) => !_values.TryGetValue(key, out var values) ? null
        : values.Count == 1 ? values[0]
        : throw new ApplianceException(Blame.Job, "read job", Path, $"its description says '{key}' {values.Count} times",
            "an argument of the job contains a line break followed by this word; put it into the script instead");

    /// <summary>A value that must be there.</summary>
    /// <exception cref="ApplianceException">It is not, or twice.</exception>
    public string Require(string key) => Value(key) is { Length: > 0 } value ? value
        : throw new ApplianceException(Blame.Node, "read job", Path, $"its description has no '{key}'");

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
