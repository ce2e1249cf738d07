using System.Text.Json;
using VmAppliance.Batch;
using VmAppliance.Diagnostics;
using VmAppliance.Images;
using VmAppliance.Jobs;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Jobs;

/// <summary>Which failures of a prolog count, with the real rooms below; none gets as far as a machine.</summary>
[RequiresRoot]
sealed class CountedStartTests
{
    const string InUse = "claim slot, job 7.1: this job has a machine here already, and it is in use";

    static readonly MachineRequest s_request = new(new Job(Sample.Key("7"), "alice", "vm.q", [], null),
        new Account("alice", 1001, 1001, "/home/alice", "/bin/sh", []), "demo", 98);

    static void AddImage(TempDirectory directory)
    {
        Directory.CreateDirectory(directory["state/images/demo"]);
        var image = new Image("demo", "1", DateTimeOffset.UnixEpoch, 0, "", false, "");
        directory.Write("state/images/demo/image.json", JsonSerializer.Serialize(image, ImageJson.Default.Image));
    }

    static (Blame Blame, string Message) Start(Node node)
    {
        var failure = Assert.Throws<ApplianceException>(() => new CountedStart(node, new Timeline()).Run(s_request));
        return (failure.Blame, failure.Message);
    }

    [Test]
    public async Task A_node_that_stays_full_or_lacks_the_image_is_never_counted_against_a_job()
    {
        using var directory = new TempDirectory();
        var node = Sample.Node(directory);
        for (var time = 1; time <= Tries.Most + 1; time++)
            await Assert.That(Start(node).Blame).IsEqualTo(Blame.Node);
        AddImage(directory);
        foreach (var id in new[] { "1", "2", "3" })
            node.Leases.Claim(id, livesIn: directory.Path)!.Dispose();
        node.Tries.Begun("demo", node.Tries.Now.AddHours(1));
        for (var time = 1; time <= Tries.Most + 1; time++)
            await Assert.That(Start(node)).IsEqualTo((Blame.Full, "claim slot, job 7.1: all 3 slots are taken"));
        await Assert.That(node.Tries.Of(Sample.Key("7"))).IsNull();
    }

    [Test]
    public async Task What_always_fails_is_tried_for_a_time_says_so_ends_in_error_and_is_forgotten()
    {
        using var directory = new TempDirectory();
        AddImage(directory);
        var node = Sample.Node(directory);
        using var busy = node.Leases.Claim("7");
        for (var time = 1; time < Tries.Most; time++)
            await Assert.That(Start(node)).IsEqualTo((Blame.Transient, InUse));
        await Assert.That(Start(node)).IsEqualTo((Blame.Transient, "start job, job 7.1: it has come 5 times "
            + "within 1 min and has never begun, and no later job of image demo has begun here: "
            + $"it looks like the fault of the image or of this node; this time: {InUse}"));
        var record = $"{node.Tries.Root}/7.1";
        var tries = node.Tries.Of(Sample.Key("7"))!;
        tries = tries with { Since = tries.Since - Tries.Patience };
        await File.WriteAllBytesAsync(record, JsonSerializer.SerializeToUtf8Bytes(tries, TriesJson.Default.Tries));
        var (blame, message) = Start(node);
        await Assert.That(blame).IsEqualTo(Blame.Job);
        await Assert.That(message).StartsWith("start job, job 7.1: it has come 6 times within 61 min and ");
        await Assert.That(File.Exists(record)).IsFalse();
    }
}
