using System.Text;
using VmAppliance.Jobs;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Jobs;

sealed class JobEnvironmentTests
{
    static readonly Account s_alice = new("alice", 1001, 1001, "/home/alice", "/bin/zsh", []);

    static byte[] B(string text) => Encoding.Latin1.GetBytes(text);

    static string Text(IEnumerable<byte[]> entries) => string.Join('|', entries.Select(Encoding.Latin1.GetString));

    static string OfJob(string? home, params string[] entries) => Text(JobEnvironment.OfJob(entries.Select(B), home));

    [Test]
    public async Task A_jobs_variables_go_along_byte_for_byte_and_in_order() =>
        await Assert.That(OfJob(null, "B=2", "A=", "X=a=b", "LINES=one\ntwo", "RAW=\xff\xfe", "no name", "=odd", "B=again", "BASH_FUNC_x%%=() { :; }"))
            .IsEqualTo("B=2|A=|X=a=b|LINES=one\ntwo|RAW=\xff\xfe|no name|=odd|B=again|BASH_FUNC_x%%=() { :; }");

    [Test]
    [Arguments("SSH_AUTH_SOCK")]
    [Arguments("DISPLAY")]
    [Arguments("DBUS_SESSION_BUS_ADDRESS")]
    [Arguments("XDG_RUNTIME_DIR")]
    [Arguments("SUDO_USER")]
    [Arguments("NOTIFY_SOCKET")]
    [Arguments("SGE_STARTER_SHELL_PATH")]
    public async Task What_belongs_to_the_node_stays_there(string name) => await Assert.That(OfJob(null, $"{name}=x", $"MY_{name}=y", $"{name}2=z")).IsEqualTo($"MY_{name}=y|{name}2=z");

    [Test]
    [Arguments("JOB_ID=7")]
    [Arguments("SGE_TASK_ID=undefined")]
    [Arguments("PATH=/opt/bin")]
    [Arguments("LD_LIBRARY_PATH=/opt/lib")]
    [Arguments("TMPDIR=/tmp/7")]
    [Arguments("PE_HOSTFILE=/spool/pe_hostfile")]
    public async Task What_belongs_to_the_job_goes_along(string entry) => await Assert.That(OfJob(null, entry)).IsEqualTo(entry);

    [Test]
    [Arguments("PE_HOSTFILE=/f|NSLOTS=2", "|OMPI_MCA_ras=^gridengine|OMPI_MCA_orte_set_default_slots=2|PRTE_MCA_ras=^gridengine|PRTE_MCA_prte_set_default_slots=2")]
    [Arguments("PE_HOSTFILE=/f|NSLOTS=2|OMPI_MCA_ras=simulator", "|PRTE_MCA_ras=^gridengine|PRTE_MCA_prte_set_default_slots=2")]
    [Arguments("PE_HOSTFILE=/f|NSLOTS=2|PRTE_MCA_ras=x|OMPI_MCA_orte_set_default_slots=1", "|OMPI_MCA_ras=^gridengine")]
    [Arguments("NSLOTS=1", "")]
    public async Task Open_MPI_counts_slots_instead_of_comparing_names(string entries, string more) =>
        await Assert.That(OfJob(null, entries.Split('|'))).IsEqualTo(entries + more);

    [Test]
    public async Task The_home_is_the_machines_where_it_is_another() => await Assert.That(OfJob("/home/there", "HOME=/home/here", "HOMER=x")).IsEqualTo("HOME=/home/there|HOMER=x");

    [Test]
    public async Task A_command_of_roots_gets_the_names_of_its_owner() =>
        await Assert.That(Text(JobEnvironment.OfOwner(new[] { "TERM=xterm", "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "MAIL=/var/mail/root", "SUDO_UID=5" }.Select(B), s_alice, "/home/there")))
            .IsEqualTo("TERM=xterm|HOME=/home/there|USER=alice|LOGNAME=alice|SHELL=/bin/sh");
}
