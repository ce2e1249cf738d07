using System.Diagnostics;
using System.Text;
using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>packaging/sge/vmappliance-shepherd and the hooks say the same of a description.</summary>
sealed class ShepherdScriptTests
{
    static readonly string[] s_forged =
    [
        "\n=job_owner=root\n=min_uid=0\n=min_gid=0\n=starter_method=none", "\nprolog=none", "\n prolog none", "\n=prolog=none", "\n= =", "\n=", "\n\n",
        "\njob_arg2=x", "\nqueue_tmpdir=/", "\nFOO=bar\nlast", "\njob_pid=1", "\ndisplay=:0", "\n\u00e4\u00ff=\u0001", "\nsge_root=/tmp", "\n\tprolog=none", "\nbinding=x",
    ];

    [Test]
    [MethodDataSource(typeof(Description), nameof(Description.All))]
    public async Task It_runs_the_shepherd_of_a_job_that_forged_nothing(string version, string kind) =>
        await Assert.That(await Run(Description.Text(version, kind))).IsEqualTo((0, "-bg\n", ""));

    [Test]
    [Arguments("8.1.9", "cwd")]
    [Arguments("8.1.9", "job_arg1")]
    [Arguments("9.2", "shell_path")]
    [Arguments("9.2", "job_arg1")]
    public async Task It_refuses_what_a_hook_refuses(string version, string name)
    {
        foreach (var forged in s_forged)
        {
            var text = Description.With(Description.Text(version, "binary"), name, forged);
            var (status, output, error) = await Run(text);
            var isForgery = ConfigTable.Forgery(Description.Lines(text)) is not null;
            await Assert.That((status, output, error == "")).IsEqualTo(isForgery ? (30, "", false) : (0, "-bg\n", true)).Because($"{name}{forged}: {error}");
        }
    }

    [Test]
    [Arguments(99_998, 0)]
    [Arguments(99_999, 30)]
    public async Task It_measures_a_line_as_the_shepherd_does(int length, int status) =>
        await Assert.That((await Run(Description.With(Description.Text("8.1.9", "binary"), "job_arg1", $"\n{new string('\u00e4', length)}"))).Status).IsEqualTo(status);

    // The prolog of a queue that has machines is what tells it.
    [Test]
    [Arguments("s_vmem=1M", 30)]
    [Arguments("h_vmem=127M", 30)]
    [Arguments("s_data=4K", 30)]
    [Arguments("h_data=63M", 30)]
    [Arguments("h_data=63000k", 30)]
    [Arguments("s_vmem=128M", 0)]
    [Arguments("h_data=INFINITY", 0)]
    [Arguments("s_stack=4K", 0)]
    public async Task It_refuses_limits_soft_and_hard_with_which_nothing_starts(string limit, int status)
    {
        using var directory = new TempDirectory();
        directory.Write("vmappliance", "");
        var config = string.Join('\n', Description.Text("8.1.9", "script").Split('\n').Select(l => l.StartsWith($"{limit.Split('=')[0]}=", StringComparison.Ordinal) ? limit
            : l.StartsWith("prolog=", StringComparison.Ordinal) ? $"prolog=root@{directory["vmappliance"]}" : l));
        await Assert.That((await Run(config)).Status).IsEqualTo(status);
        await Assert.That((await Run(config.Replace("prolog=root@", "prolog=root@/nowhere", StringComparison.Ordinal))).Status).IsEqualTo(0);
    }

    static async Task<(int Status, string Output, string Error)> Run(string config)
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["root/default/common"]);
        directory.Write("root/default/common/bootstrap", $"binary_path {directory.Path}\n");
        File.CreateSymbolicLink(directory["sge_shepherd"], "/bin/echo");
        File.WriteAllText(directory["config"], config, Encoding.Latin1);
        var start = new ProcessStartInfo($"{Repository.Root}/packaging/sge/vmappliance-shepherd") { WorkingDirectory = directory.Path, RedirectStandardOutput = true };
        (start.Environment["SGE_ROOT"], start.Environment["SGE_CELL"], start.Environment["SGE_ARCH"]) = (directory["root"], "default", "lx-amd64");
        using var shepherd = Process.Start(start)!;
        var output = await shepherd.StandardOutput.ReadToEndAsync();
        await shepherd.WaitForExitAsync();
        return (shepherd.ExitCode, output, File.Exists(directory["error"]) ? File.ReadAllText(directory["error"]) : "");
    }
}
