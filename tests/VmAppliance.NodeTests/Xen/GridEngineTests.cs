using VmAppliance.NodeTests.Fixtures;

namespace VmAppliance.NodeTests.Xen;

/// <summary>Jobs of a real Grid Engine cell in domains of a real Xen.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class GridEngineTests
{
    static readonly string[] s_submit = ["qsub", "-terse", "-q", "vm.q", "-o", "out", "-e", "err"];

    [ClassDataSource<GridCell>(Shared = SharedType.PerTestSession)]
    public required GridCell Cell { get; init; }

    [Test]
    public async Task Output_and_exit_status_come_back()
    {
        var job = GridCell.As([.. s_submit, "-sync", "y", "-b", "y", "-shell", "n", "sh", "-c", "echo out; echo err >&2; id -un; cat /sys/hypervisor/type; exit 7"]);
        await Assert.That((job.Status, Read("out"), Read("err"))).IsEqualTo((7, $"out\n{GridCell.Owner}\nxen\n", "err\n")).Because($"{job}");
        await Assert.That(XenNode.Rests()).IsEqualTo("");
    }

    [Test]
    public async Task A_job_is_suspended_resumed_and_deleted()
    {
        var id = GridCell.As([.. s_submit, "-b", "y", "-shell", "n", "sh", "-c", "echo up; while :; do sleep 0.2; done"]).Output.Trim();
        await Until("the job's first word", () => Read("out") == "up\n");
        GridCell.As("qmod", "-sj", id);
        await Until("a paused domain", () => Domain(id) is { IsPaused: true });
        GridCell.As("qmod", "-usj", id);
        await Until("a domain that goes on", () => Domain(id) is { IsPaused: false });
        GridCell.As("qdel", id);
        await Until("the end of all of it", () => XenNode.Rests() == "");
        await Assert.That(Read("err")).IsEqualTo("");
    }

    static Hypervisors.Xen.Domain? Domain(string job) => XenNode.Xl.List().FirstOrDefault(d => d.Name == $"vma-{job}.1");

    static string Read(string name)
    {
        var file = $"/home/{GridCell.Owner}/{name}";
        return File.Exists(file) ? File.ReadAllText(file) : "";
    }

    [Before(Test)]
    public void Clear()
    {
        foreach (var name in new[] { "out", "err" })
            File.Delete($"/home/{GridCell.Owner}/{name}");
    }

    static Task Until(string what, Func<bool> isSo) =>
        Eventually.So(what, isSo, () => $"out '{Read("out")}', err '{Read("err")}', {XenNode.Rests()}");
}
