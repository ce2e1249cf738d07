using System.Diagnostics;
using System.Globalization;
using VmAppliance.Configuration;
using VmAppliance.Jobs;
using VmAppliance.Linux;
using VmAppliance.NodeTests.Fixtures;
using VmAppliance.Processes;
using VmAppliance.Storage;

namespace VmAppliance.NodeTests.Xen;

/// <summary>What a prolog costs beside the domain that it makes: all but the time of <c>xl create</c> itself and of the guest's boot.</summary>
[Explicit]
[NotInParallel(XenNode.Alone)]
sealed class PrologBenchmarkTests
{
    const int Rounds = 9, MostMilliseconds = 150;
    const string Bare = "/run/bare.cfg", Seed = "/run/bare.seed";

    [ClassDataSource<XenNode>(Shared = SharedType.PerTestSession)]
    public required XenNode Xen { get; init; }

    [Test]
    public async Task A_prolog_adds_little_to_a_bare_xl_create()
    {
        var (own, creation, bare, added) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        await Measure("900", own, creation);
        own.Clear();
        creation.Clear();
        for (var round = 1; round <= Rounds; round++)
        {
            // In turns, and not always the same one first: what is slow for a while is slow for both.
            if (round % 2 == 0)
                bare.Add(CreateBare());
            await Measure($"{900 + round}", own, creation);
            if (round % 2 == 1)
                bare.Add(CreateBare());
            added.Add(own[^1] + creation[^1] - bare[^1]);
        }
        var text = string.Create(CultureInfo.InvariantCulture,
            $"median of {Rounds}, ms: a prolog beside its domain {Median(own):0}, its xl create {Median(creation):0}, a bare xl create of the same {Median(bare):0}; a prolog adds {Median(added):0}");
        Console.WriteLine(text);
        await Assert.That(XenNode.Rests()).IsEqualTo("");
        await Assert.That(Median(added)).IsLessThanOrEqualTo(MostMilliseconds).Because(text);
    }

    // The whole hook from outside; what its domain costs, as the files of the lease tell.
    static async Task Measure(string number, List<double> own, List<double> creation)
    {
        var job = new SpooledJob(number);
        var began = DateTime.UtcNow;
        await Assert.That(job.Hook("prolog")).IsEqualTo(0);
        var ended = DateTime.UtcNow;
        DateTime made = File.GetLastWriteTimeUtc(Directory.GetFiles(job.Lease, "*.cfg").Single()),
            running = File.GetLastWriteTimeUtc($"{job.Lease}/console"), ready = File.GetLastWriteTimeUtc($"{job.Lease}/pass.json");
        own.Add((made - began + (ended - ready)).TotalMilliseconds);
        creation.Add((running - made).TotalMilliseconds);
        if (!File.Exists(Bare))
            Keep(job.Lease);
        await Assert.That(job.Hook("epilog")).IsEqualTo(0);
    }

    static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    static void Keep(string lease)
    {
        File.Copy($"{lease}/seed", Seed, overwrite: true);
        File.Copy(Directory.GetFiles(lease, "*.cfg").Single(), Bare, overwrite: true);
    }

    static double CreateBare()
    {
        var (node, disk) = (XenNode.Node, new DiskKey("900.1", 0));
        var image = node.Images.Get(XenNode.Image);
        node.Disks.Wipe(disk, new GoldenDisk(image.Disk, null, image.DiskBytes));
        using var seed = LoopDevice.Attach(Seed, readOnly: true);
        var text = File.ReadAllLines(Bare).Select(l => System.Text.RegularExpressions.Regex.Replace(l, "target=/dev/loop[0-9]+", $"target={seed.Path}"));
        File.WriteAllLines(Bare, text);
        var watch = Stopwatch.StartNew();
        CommandRunner.Require("create domain", ["xl", "create", "-q", Bare], TimeSpan.FromMinutes(2));
        var time = watch.Elapsed.TotalMilliseconds;
        foreach (var domain in XenNode.Xl.List().Where(d => d.Id != 0))
            XenNode.Xl.Destroy(domain.Id);
        node.Disks.Drop(disk);
        return time;
    }
}
