using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

/// <summary>What it costs to look for rests on a large node.</summary>
[RequiresRoot]
sealed class ReaperGrowthTests
{
    // A full node's prolog reaps: what it costs must not grow with the square of the slots.
    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task Each_record_is_read_a_few_times_however_many_leases_and_disks_there_are(bool withRests)
    {
        foreach (var count in new[] { 4, 40 })
        {
            using var directory = new TempDirectory();
            Directory.CreateDirectory(directory["state/disks"]);
            var node = Sample.Node(directory);
            var store = new LeaseStore(directory["run"], count);
            for (var job = 1; job <= count; job++)
            {
                store.Claim($"{job}", Phase.Ready, livesIn: directory.Path)!.Dispose();
                directory.Write($"state/disks/{job}.1.qcow2", "");
                if (withRests)
                    directory.Write($"state/disks/{job}.2.qcow2", "");
            }
            var before = node.Leases.RecordsRead;
            await Assert.That(new Reaper(node).Run(dryRun: false).Count).IsEqualTo(withRests ? count : 0);
            await Assert.That(node.Leases.RecordsRead - before).IsLessThanOrEqualTo(6 * count);
        }
    }
}
