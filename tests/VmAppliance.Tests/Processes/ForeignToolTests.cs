using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

sealed class ForeignToolTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    static string Output(ForeignRights rights, params string[] argv)
    {
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        using var output = Descriptor.Memory("output", 64 << 10);
        ForeignTool.Run("try tool", argv, rights, 0, s_patience, nothing, output);
        return output.Text();
    }

    static string Value(string status, string name) => status.Split('\n').Single(l => l.StartsWith($"{name}:", StringComparison.Ordinal))[(name.Length + 1)..].Trim().Replace('\t', ' ');

    [Test]
    [RequiresRoot]
    public async Task It_is_nobody_in_no_group_and_can_never_become_more()
    {
        var status = Output(ForeignRights.None, "cat", "/proc/self/status");
        await Assert.That((Value(status, "Uid"), Value(status, "Gid"), Value(status, "Groups"))).IsEqualTo(("65534 65534 65534 65534", "65534 65534 65534 65534", ""));
        await Assert.That((Value(status, "CapEff"), Value(status, "CapPrm"), Value(status, "CapBnd"), Value(status, "NoNewPrivs")))
            .IsEqualTo(("0000000000000000", "0000000000000000", "0000000000000000", "1"));
        await Assert.That(Output(ForeignRights.None, "readlink", "/proc/self/cwd")).IsEqualTo("/\n");
    }

    [Test]
    [RequiresRoot]
    public async Task Who_reads_a_tree_is_nobody_too_and_may_do_nothing_but_read()
    {
        var status = Output(ForeignRights.ReadTree, "cat", "/proc/self/status");
        await Assert.That((Value(status, "Uid"), Value(status, "CapEff"), Value(status, "CapBnd"))).IsEqualTo(("65534 65534 65534 65534", "0000000000000004", "0000000000000004"));
    }

    [Test]
    public async Task It_gets_no_other_descriptor_than_it_is_given()
    {
        // ls itself opens the directory that it lists.
        await Assert.That(Output(ForeignRights.None, "ls", "/proc/self/fd")).IsEqualTo("0\n1\n2\n3\n");
    }

    [Test]
    public async Task It_is_ended_with_its_children_when_it_is_late()
    {
        using var directory = new TempDirectory();
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        var mark = $"vma-{Guid.NewGuid():N}";
        var failure = Assert.Throws<ApplianceException>(() => ForeignTool.Run("try tool", ["sh", "-c", "sleep 60 & wait", mark], ForeignRights.None, 0,
            TimeSpan.FromMilliseconds(300), nothing));
        await Assert.That(failure.Message).IsEqualTo("try tool, sh: it did not end in time and was stopped");
        await Assert.That(Directory.GetDirectories("/proc").Where(d => Words(d).Contains(mark, StringComparison.Ordinal))).IsEmpty();
    }

    static string Words(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    [Test]
    public async Task What_it_writes_is_bounded()
    {
        using var directory = new TempDirectory();
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        using var output = Descriptor.Open(directory["output"], OpenMode.ReadWrite | OpenMode.Create, 0x180);
        Assert.Throws<ApplianceException>(() => ForeignTool.Run("try tool", ["head", "-c", "5000000", "/dev/zero"], ForeignRights.None, 2 << 20, s_patience, nothing, output));
        await Assert.That(new FileInfo(directory["output"]).Length).IsLessThanOrEqualTo(2 << 20);
    }

    [Test]
    public async Task Its_reason_is_the_first_line_and_it_may_talk_without_end()
    {
        using var nothing = Descriptor.Open("/dev/null", OpenMode.Read);
        var failure = Assert.Throws<ApplianceException>(() => ForeignTool.Run("try tool", ["sh", "-c", "echo first >&2; head -c 9000000 /dev/zero >&2; exit 3"],
            ForeignRights.None, 0, s_patience, nothing));
        await Assert.That(failure.Message).IsEqualTo("try tool, sh: first (status 3)");
    }
}
