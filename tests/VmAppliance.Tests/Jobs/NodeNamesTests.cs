using VmAppliance.Batch;
using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed class NodeNamesTests
{
    [Test]
    [Arguments("node1", "7", 1, "vma-node1-7-1")]
    [Arguments("node1.example.org", "7", 12, "vma-node1-7-12")]
    [Arguments("Rack_4", "7", 1, "vma-Rack-4-7-1")]
    [Arguments("-odd-", "a_b", 1, "vma-odd-a-b-1")]
    [Arguments("n\u00f6de", "7", 1, "vma-n-de-7-1")]
    [Arguments("", "7", 1, "vma-node-7-1")]
    [Arguments("...", "7", 1, "vma-node-7-1")]
    public async Task A_machine_is_called_after_its_node_and_its_job(string node, string job, int task, string name) =>
        await Assert.That(NodeNames.OfMachine(node, new JobKey(job, task))).IsEqualTo(name);

    [Test]
    public async Task A_name_never_becomes_longer_than_a_host_may_be_called()
    {
        var name = NodeNames.OfMachine(new string('n', 64), new JobKey(new string('7', 32), int.MaxValue));
        await Assert.That(name).IsEqualTo($"vma-{new string('n', 15)}-{new string('7', 32)}-{int.MaxValue}");
        await Assert.That(name.Length).IsEqualTo(63);
    }

    [Test]
    [Arguments("node1", null, "", "node1")]
    [Arguments("node1.example.org", null, "", "node1.example.org node1")]
    [Arguments("node1", "node1.example.org", "", "node1 node1.example.org")]
    [Arguments("node1", null, "127.0.0.1 localhost\n10.0.0.1\tnode1.example.org node1 n1 # node1 was here\n10.0.0.2 node2\n", "node1 node1.example.org n1")]
    [Arguments("node1", null, "127.0.0.1 localhost node1\n", "node1")]
    [Arguments("localhost", null, "127.0.0.1 localhost\n::1 localhost ip6-localhost\n", "")]
    [Arguments("node1", "10.0.0.1", "", "node1")]
    [Arguments("node1", "bad name\n127.0.0.1 evil", "", "node1")]
    public async Task All_that_a_node_is_called_here_is_known_without_asking_anybody(string own, string? batch, string table, string names) =>
        await Assert.That(string.Join(' ', NodeNames.Of(own, batch, table))).IsEqualTo(names);
}
