using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class ProcessRightsTests
{
    static string Status(string name = "sh", string groups = "100 1000 4000000000 ") =>
        $"Name:\t{name}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t42\nPid:\t42\nPPid:\t41\nTracerPid:\t0\nUid:\t1001\t0\t0\t0\nGid:\t1002\t1002\t1002\t1002\nGroups:\t{groups}\nNStgid:\t42\nVmPeak:\t  999 kB\n";

    static ProcessRights? Parse(string status) => ProcessRights.Parse(Encoding.ASCII.GetBytes(status));

    [Test]
    [Arguments("sh")]
    [Arguments("PPid:\\nPPid:")]
    [Arguments(" ) 7 7")]
    public async Task The_parent_the_user_and_the_groups_are_what_the_kernel_says(string name)
    {
        var rights = Parse(Status(name))!;
        await Assert.That((rights.Parent, rights.Uid)).IsEqualTo((41, 1001));
        await Assert.That(rights.Groups).IsEquivalentTo([100, 1000, unchecked((int)4000000000u)]);
    }

    [Test]
    public async Task Who_is_in_no_other_group_has_none() => await Assert.That(Parse(Status(groups: ""))!.Groups).IsEmpty();

    [Test]
    [Arguments("")]
    [Arguments("PPid:\t1\nUid:\t1\nGroups:\t1\n")]
    [Arguments("\nUid:\t1\t1\t1\t1\nGroups:\t\n")]
    [Arguments("\nPPid:\t1\nUid:\t\nGroups:\t\n")]
    [Arguments("\nPPid:\t1\nUid:\t1\t1\t1\t1\n")]
    public async Task A_text_in_which_something_is_missing_is_none(string text) => await Assert.That(Parse(text)).IsNull();

    [Test]
    public async Task This_process_has_what_it_has()
    {
        var rights = ProcessRights.Of(Environment.ProcessId)!;
        var parent = ProcessRights.Of(rights.Parent);
        await Assert.That((rights.Uid, parent is not null)).IsEqualTo((Host.EffectiveUser, true));
    }

    [Test]
    public async Task Who_is_in_thousands_of_groups_has_all_of_them()
    {
        if (Host.EffectiveUser != 0)
            return;
        int[] many = [.. Enumerable.Range(100_000, 5000)];
        var child = new OtherUser(0, 0, many).Run(() => Spawn.Start("/bin/sleep", ["sleep"u8.ToArray(), "60"u8.ToArray()], [], []));
        var rights = ProcessRights.Of(child)!;
        Kill.Process(child, Kill.SIGKILL);
        ProcessHandle.Reap(child);
        await Assert.That(rights.Groups).IsEquivalentTo(many);
    }

    [Test]
    [Arguments(0)]
    [Arguments(-1)]
    [Arguments(int.MaxValue)]
    public async Task No_process_has_no_rights(int pid) => await Assert.That(ProcessRights.Of(pid)).IsNull();
}
