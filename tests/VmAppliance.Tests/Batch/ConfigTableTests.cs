using VmAppliance.Batch;

namespace VmAppliance.Tests.Batch;

/// <summary>What Grid Engine wrote is believed, and nothing that a job's owner put between: by real descriptions of both versions.</summary>
sealed class ConfigTableTests
{
    const string Systemd = "\nsystemd_slice=ocs-jobs.slice\nsystemd_scope=ocs.7.1.scope\ndevices_allow=/dev/null:rw";

    static string? Forgery(string text) => ConfigTable.Forgery(Description.Lines(text));

    [Test]
    [MethodDataSource(typeof(Description), nameof(Description.All))]
    public async Task What_Grid_Engine_wrote_is_no_forgery(string version, string kind) =>
        await Assert.That(Forgery(Description.Text(version, kind))).IsNull();

    [Test]
    public async Task What_Grid_Engine_writes_for_systemd_is_no_forgery() =>
        await Assert.That(Forgery(Description.With(Description.Text("9.2", "script"), "enable_systemd", Systemd))).IsNull();

    [Test]
    [MethodDataSource(typeof(Description), nameof(Description.All))]
    public async Task No_value_that_an_owner_chooses_goes_on_in_a_line_of_its_own(string version, string kind)
    {
        var text = Description.Text(version, kind);
        foreach (var name in Owners(version).Where(n => text.Contains($"\n{n}=", StringComparison.Ordinal)))
            foreach (var line in new[] { "FOO=bar", "=job_owner=root", " min_uid 0", "", "=", "exec_file=/tmp/x", "display=:0", "qrsh_pid_file=/etc/x", "job_pid=1" })
                await Assert.That(Forgery(Description.With(text, name, $"\n{line}"))).IsNotNull().Because($"{name}: '{line}'");
    }

    [Test]
    public async Task The_devices_that_an_owner_names_are_such_a_value()
    {
        var text = Description.With(Description.Text("9.2", "script"), "enable_systemd", Systemd);
        foreach (var line in new[] { "FOO=bar", "=job_owner=root", "exec_file=/tmp/x", "display=:0" })
            await Assert.That(Forgery(Description.With(text, "devices_allow", $"\n{line}"))).IsNotNull().Because(line);
    }

    [Test]
    [Arguments("8.1.9")]
    [Arguments("9.2")]
    public async Task A_line_that_this_Grid_Engine_does_not_write_is_none_of_its_own(string version) =>
        await Assert.That(Forgery(Description.With(Description.Text(version, "script"), "min_uid", "\nnobody_knows=1")))
            .IsEqualTo("its description has a line 'nobody_knows' where Grid Engine writes none");

    [Test]
    [MethodDataSource(typeof(Description), nameof(Description.All))]
    public async Task No_line_stands_there_twice(string version, string kind)
    {
        var text = Description.Text(version, kind);
        foreach (var name in Description.Lines(text).Select(l => l.Name).Where(n => n != "pe_task_id" && Rows(version).Any(r => r.Split(' ')[0] == n)))
            await Assert.That(Forgery(text + $"= {name} x\n")).Contains($"'{name}' 2 times").Because(name);
    }

    [Test]
    [Arguments(99_998, true)]
    [Arguments(99_999, false)]
    public async Task A_line_is_as_long_as_the_shepherds_buffer(int length, bool isWhole) =>
        await Assert.That(Forgery(Description.With(Description.Text("9.2", "binary"), "job_arg1", $"\n{new string('x', length)}")) is null).IsEqualTo(isWhole);

    static IEnumerable<string> Rows(string version) => Repository.Text($"packaging/sge/lines-{version}").Split('\n').Where(l => l.Length > 0 && !l.StartsWith('#'));

    static IEnumerable<string> Owners(string version) => Rows(version).Where(r => r.EndsWith(" owner", StringComparison.Ordinal)).SelectMany(r => r.Split(' ')[0].Split('|'));
}
