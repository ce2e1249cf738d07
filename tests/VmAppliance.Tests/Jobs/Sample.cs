using VmAppliance.Batch;
using VmAppliance.Configuration;
using VmAppliance.Hypervisors;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

/// <summary>Leases for tests, in a directory of their own.</summary>
static class Sample
{
    public static JobKey Key(string id, int task = 1) => new(id, task);

    public static LeaseRecord Record(JobKey key, int slot, Phase phase = Phase.Claimed, string? livesIn = null) => new($"{key}", slot, phase, "alice", 1001, "vm.q", "demo",
        Host.BootId(), livesIn, DateTimeOffset.UnixEpoch, new MachineReference(0, 0, Guid.NewGuid()), null);

    public static Lease? Claim(this LeaseStore store, string id, Phase phase = Phase.Claimed, string? livesIn = null) =>
        store.Claim(Key(id), slot => Record(Key(id), slot, phase, livesIn));

    /// <summary>A node whose directories are all below a test's own.</summary>
    public static Node Node(TempDirectory directory) => new(SettingsReader.Read(
        $"[appliance]\nrun_dir = {directory["run"]}\nstate_dir = {directory["state"]}\naccel = tcg\n[slots]\ncount = 3\n[storage]\ncopy = overlay\n", out _, out _));
}
