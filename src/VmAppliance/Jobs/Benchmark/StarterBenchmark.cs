using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Guest;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Jobs.Benchmark;

/// <summary>Our starter and the OpenSSH client, in turns on one machine that is ready.</summary>
/// <param name="node">This node.</param>
/// <param name="progress">Told what is being done, and how much of it.</param>
sealed class StarterBenchmark(Node node, Action<string, double> progress)
{
    /// <summary>The two that are compared.</summary>
    public const string Starter = "starter", Client = "OpenSSH client";

    const long Much = 100 << 20, VeryMuch = 1 << 30;

    /// <summary>Makes sure that it can be measured.</summary>
    /// <exception cref="ApplianceException">A starter would read another configuration, or there is no OpenSSH.</exception>
    public static void Require(string configuration)
    {
        if (Path.GetFullPath(configuration) != ConfigurationFile.Locate())
            throw new ApplianceException(Blame.Usage, "measure starter", configuration, $"a starter reads {ConfigurationFile.Locate()}", "leave --config out");
        if (CommandRunner.Find("ssh") is null)
            throw new ApplianceException(Blame.Node, "measure starter", "ssh", "it is not installed", "install the OpenSSH client");
    }

    /// <summary>Measures.</summary>
    /// <param name="holder">A way whose machine stays until its input ends.</param>
    /// <param name="rounds">How often.</param>
    public IReadOnlyList<Figure> Run(Way holder, int rounds)
    {
        using var held = Trial.Start(holder).Begun();
        var directory = Directory.CreateTempSubdirectory("vmappliance-bench-");
        try
        {
            var job = $"run{held.Pid}";
            var pass = node.Leases.PassOf(node.Leases.Records().Single(r => r.Key.Id == job).Key)!;
            Files.Replace($"{directory}/key", System.Text.Encoding.ASCII.GetBytes(pass.Access.PrivateKey), 0x180 /* 0600 */);
            string[] ssh = ["ssh", "-F", "/dev/null", "-i", $"{directory}/key", "-p", $"{pass.Access.Port}", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", $"{pass.Access.User}@{pass.Access.Address}"];
            Figure[] Compare(string task, string script, int times, long input = 0) => this.Compare(task,
                new Way(Starter, [Host.Executable, "starter", "sh", "-c", script], $"JOB_ID={job}", "SGE_TASK_ID=1", "SHELL=/bin/sh"),
                new Way(Client, ["sh", "-c", $"cat \"$0\" - | \"$@\"", Described(directory.FullName, script), .. ssh, GuestSession.Launch]), times, input);
            List<Figure> results =
            [
                .. Compare("true", "true", rounds * 3),
                .. Compare("100 MiB out", $"head -c {Much} /dev/zero", rounds),
                .. Compare("100 MiB in", "cat >/dev/null", rounds, Much),
                .. Compare("1 GiB out", $"head -c {VeryMuch} /dev/zero", 1),
            ];
            held.Ended();
            return results;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // What comes into a machine is a description first, and then the job's input, whoever sends it.
    static string Described(string directory, string script)
    {
        using var description = new MemoryStream();
        JobSpec.Shell(script).Write(description);
        description.WriteByte(OutputMark.Go);
        var path = $"{directory}/description";
        Files.Replace(path, description.ToArray(), 0x180 /* 0600 */);
        return path;
    }

    Figure[] Compare(string task, Way starter, Way client, int rounds, long input)
    {
        Measurements ours = new(task, Starter), theirs = new(task, Client), memory = new($"most memory, {task}", Starter, "MiB");
        for (var round = 0; round < rounds; round++)
        {
            progress($"starter and OpenSSH client: {task}", round / (double)rounds);
            using var one = Trial.Start(starter).Ended(input);
            using var other = Trial.Start(client).Ended(input);
            ours.Add(one.Whole);
            theirs.Add(other.Whole);
            memory.Add(one.PeakMemoryKiB / 1024.0);
        }
        return memory.Figure.Most > 0 ? [ours.Figure, theirs.Figure, memory.Figure] : [ours.Figure, theirs.Figure];
    }
}
