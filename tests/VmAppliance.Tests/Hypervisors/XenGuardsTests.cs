using System.Text;
using VmAppliance.Hypervisors.Xen;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>With processes that call themselves xl: a shell that runs the file <c>create</c> of the test's directory.</summary>
[RequiresRoot]
sealed class XenGuardsTests
{
    readonly Guid _uuid = Guid.NewGuid();

    static Child Start(TempDirectory directory, params string[] words) => Start(directory, "/bin/sh", words);

    static Child Start(TempDirectory directory, string file, IReadOnlyList<string> words)
    {
        foreach (var verb in new[] { "create", "destroy" })
            directory.Write(verb, "echo started\nkill -STOP $$\n");
        var child = Child.Start(file, [.. words.Select(Encoding.UTF8.GetBytes)], directory: directory.Path);
        return child.ReadLine() == "started" ? child : throw new InvalidOperationException("it did not start");
    }

    string Found(string leases = "/leases") => string.Join(' ', XenGuards.Below(leases).Where(m => m.Machine.Uuid == _uuid).Select(m => m.Directory));

    int[] Pids()
    {
        var guards = XenGuards.Find(_uuid);
        var pids = guards.Select(g => g.Pid).ToArray();
        foreach (var guard in guards)
            guard.Dispose();
        return pids;
    }

    [Test]
    [Arguments("xl")]
    [Arguments("/usr/sbin/xl")]
    [Arguments("/usr/lib/xen-4.17/bin/xl")]
    public async Task An_xl_that_makes_or_guards_a_domain_is_found_by_its_configuration(string program)
    {
        using var directory = new TempDirectory();
        using var guard = Start(directory, program, "create", "-q", "-F", $"/leases/7.1/{_uuid}.cfg");
        await Assert.That((string.Join(' ', Pids()), Found())).IsEqualTo(($"{guard.Pid}", "/leases/7.1"));
    }

    [Test]
    public async Task Debians_script_that_looks_for_the_right_xl_is_a_guard_already()
    {
        using var directory = new TempDirectory();
        var script = directory.Write("xl", "echo started\nkill -STOP $$\n");
        using var guard = Start(directory, "/bin/sh", ["/bin/sh", script, "create", "-q", "-F", $"/leases/7.1/{_uuid}.cfg"]);
        await Assert.That((string.Join(' ', Pids()), Found())).IsEqualTo(($"{guard.Pid}", "/leases/7.1"));
    }

    [Test]
    public async Task A_set_user_id_program_is_root_with_the_words_of_anybody_and_no_guard()
    {
        using var directory = new TempDirectory();
        var program = directory["lent"];
        File.Copy("/bin/sh", program);
        File.SetUnixFileMode(program, (UnixFileMode)0x9ED /* 04755 */);
        using var other = Start(directory, program, ["xl", "create", "-q", "-F", $"/leases/7.1/{_uuid}.cfg"]);
        await Assert.That((Pids().Length, Found())).IsEqualTo((0, ""));
    }

    [Test]
    public async Task A_guard_of_another_machine_is_left_alone_and_one_of_another_directory_is_not_ours()
    {
        using var directory = new TempDirectory();
        using var other = Start(directory, "xl", "create", "-q", "-F", $"/leases/7.1/{Guid.NewGuid()}.cfg");
        using var guard = Start(directory, "xl", "create", "-q", "-F", $"/leases/7.1/{_uuid}.cfg");
        await Assert.That((string.Join(' ', Pids()), Found("/other"), Found("/lease"))).IsEqualTo(($"{guard.Pid}", "", ""));
    }

    [Test]
    [Arguments("xl", "destroy")]
    [Arguments("vi", "create")]
    public async Task Whoever_is_no_xl_or_makes_no_domain_is_no_guard(string program, string verb)
    {
        using var directory = new TempDirectory();
        using var other = Start(directory, program, verb, $"/leases/7.1/{_uuid}.cfg");
        await Assert.That((Pids().Length, Found())).IsEqualTo((0, ""));
    }

    [Test]
    public async Task A_configuration_of_somebodys_own_name_is_no_machine_of_ours()
    {
        using var directory = new TempDirectory();
        using var other = Start(directory, "xl", "create", "-F", $"/leases/{_uuid}/my-own.cfg");
        await Assert.That(XenGuards.Below("/leases").Where(m => m.Directory == $"/leases/{_uuid}")).IsEmpty();
    }

    [Test]
    public async Task Who_is_not_root_cannot_call_himself_a_guard()
    {
        using var directory = new TempDirectory();
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0x1ED /* 0755 */);
        using var other = Start(directory, "setpriv", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
            "/bin/bash", "-c", "exec -a xl /bin/sh \"$@\"", "bash", "create", "-q", "-F", $"/leases/7.1/{_uuid}.cfg"]);
        await Assert.That((Pids().Length, Found())).IsEqualTo((0, ""));
    }
}
