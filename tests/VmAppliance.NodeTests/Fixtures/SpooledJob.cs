using VmAppliance.Processes;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>A job as Grid Engine tells its hooks of it, without a Grid Engine.</summary>
/// <param name="id">Its number.</param>
sealed class SpooledJob(string id)
{
    /// <summary>Its lease's directory, whether it has one or not.</summary>
    public string Lease => $"/run/vmappliance/leases/{id}.1";

    /// <summary>The name of its machine's domain.</summary>
    public string Domain => $"vma-{id}.1";

    string Spool => $"/srv/spool/active_jobs/{id}.1";

    /// <summary>Runs one of its hooks as root.</summary>
    /// <returns>The hook's exit status.</returns>
    public int Hook(string name)
    {
        Directory.CreateDirectory(Spool);
        File.WriteAllText($"{Spool}/config", $"tmpdir=/tmp/{id}.1.vm.q\nscript_file=/srv/spool/job_scripts/{id}\njob_owner=nobody\nqueue=vm.q\njob_id={id}\nja_task_id=0\n");
        return CommandRunner.Run([$"/usr/libexec/vmappliance/{name}"], TimeSpan.FromMinutes(4), environment: [$"SGE_JOB_SPOOL_DIR={Spool}"]).Status;
    }
}
