using System.Text.Json;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Hypervisors.Qemu;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>With a QEMU of the test's own, that ends as the test says. Where there is no /dev/kvm it is not even asked.</summary>
sealed class KvmProofTests
{
    static readonly bool s_device = File.Exists("/dev/kvm");

    // Without a device a remembered verdict counts as it is.
    static readonly bool s_usable = Files.Facts("/dev/kvm") is not { } device || KvmProof.GroupsFor(device) is not null;

    static KvmProof Proof(TempDirectory directory, Acceleration acceleration, string script = "exit 33", string name = "qemu", TimeSpan? patience = null)
    {
        var qemu = directory.Write(name, $"#!/bin/sh\necho asked >>{directory["asked"]}\n{script}\n", 0x1ED);
        return new KvmProof(new ApplianceSettings("gridengine", HypervisorKind.Qemu, acceleration, directory["run"], directory["state"], qemu, TimeSpan.FromSeconds(1), 98), qemu, patience);
    }

    static void Remember(TempDirectory directory, KvmVerdict verdict)
    {
        Directory.CreateDirectory(directory["run"]);
        directory.Write("run/kvm.json", JsonSerializer.Serialize(verdict));
    }

    static int Asked(TempDirectory directory) => File.Exists(directory["asked"]) ? File.ReadAllLines(directory["asked"]).Length : 0;

    [Test]
    [Arguments(0x1B6 /* 0666 */, 0, "")]
    [Arguments(0x1B6 /* 0666 */, 104, "")]
    [Arguments(0x1B0 /* 0660 */, 104, "104")]
    [Arguments(0x1B0 /* 0660 */, 0, null)]
    [Arguments(0x180 /* 0600 */, 0, null)]
    [Arguments(0x180 /* 0600 */, 104, null)]
    [Arguments(0x1A0 /* 0640 */, 104, null)]
    public async Task The_devices_group_is_given_to_owners_only_where_it_may_use_the_device_and_never_roots(int mode, int gid, string? groups) =>
        await Assert.That(KvmProof.GroupsFor(new FileFacts(0, gid, mode, 0)) is { } found ? string.Join(' ', found) : null).IsEqualTo(groups);

    [Test]
    public async Task Software_emulation_asks_nobody()
    {
        using var directory = new TempDirectory();
        await Assert.That((Proof(directory, Acceleration.Tcg).Decide(), Asked(directory), Directory.Exists(directory["run"]))).IsEqualTo((false, 0, false));
    }

    [Test]
    public async Task A_guest_that_answers_proves_it_where_there_is_a_device()
    {
        using var directory = new TempDirectory();
        await Assert.That((Proof(directory, Acceleration.Auto).Decide(), Asked(directory))).IsEqualTo((s_device && s_usable, s_device ? 1 : 0));
    }

    [Test]
    [Arguments("exit 0")]
    [Arguments("exit 1")]
    [Arguments("echo 'failed to initialize kvm' >&2; exit 1")]
    [Arguments("kill -KILL $$")]
    public async Task A_guest_that_does_not_answer_means_software_emulation(string script)
    {
        using var directory = new TempDirectory();
        await Assert.That(Proof(directory, Acceleration.Auto, script).Decide()).IsFalse();
    }

    [Test]
    public async Task What_is_demanded_and_does_not_work_is_a_failure_with_its_reason()
    {
        using var directory = new TempDirectory();
        var failure = Assert.Throws<ApplianceException>(() => Proof(directory, Acceleration.Kvm, "echo first >&2; echo 'no virtualisation' >&2; exit 1").Decide());
        await Assert.That((failure.Message, failure.Blame)).IsEqualTo(($"use KVM, /dev/kvm: {(s_device ? "no virtualisation" : "there is no such device")}", Blame.Node));
        await Assert.That(failure.Hint).IsNotNull();
    }

    [Test]
    public async Task It_is_proved_once_per_boot()
    {
        using var directory = new TempDirectory();
        var first = Proof(directory, Acceleration.Auto, "exit 1").Verdict();
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 33").Verdict()).IsEqualTo(first);
        await Assert.That((Asked(directory), first.BootId)).IsEqualTo((s_device ? 1 : 0, Host.BootId()));
        await Assert.That((int)File.GetUnixFileMode(directory["run/kvm.json"])).IsEqualTo(0x1A4);
    }

    [Test]
    public async Task A_remembered_verdict_of_this_boot_and_program_counts()
    {
        using var directory = new TempDirectory();
        Remember(directory, new KvmVerdict(Host.BootId(), directory["qemu"], true, "remembered"));
        await Assert.That((Proof(directory, Acceleration.Auto, "exit 1").Decide(), Asked(directory))).IsEqualTo((s_usable, 0));
    }

    [Test]
    [Arguments("another boot", "qemu")]
    [Arguments(null, "another qemu")]
    public async Task A_verdict_of_another_boot_or_program_does_not_count(string? boot, string qemu)
    {
        using var directory = new TempDirectory();
        Remember(directory, new KvmVerdict(boot ?? Host.BootId(), directory[qemu], true, "remembered"));
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 1").Decide()).IsFalse();
    }

    [Test]
    public async Task A_guest_that_hangs_is_waited_for_once_by_all_for_some_minutes()
    {
        using var directory = new TempDirectory();
        var first = Proof(directory, Acceleration.Auto, "exec sleep 60", patience: TimeSpan.FromMilliseconds(300));
        await Assert.That((first.Decide(), first.Decide(), Asked(directory))).IsEqualTo((false, false, s_device ? 1 : 0));
        await Assert.That((Proof(directory, Acceleration.Auto, "exit 33").Decide(), Asked(directory))).IsEqualTo((false, s_device ? 1 : 0));
    }

    [Test]
    [Arguments(-1)] // of a clock that has begun anew
    [Arguments(301)]
    public async Task That_it_hung_some_time_ago_does_not_count(int seconds)
    {
        using var directory = new TempDirectory();
        Remember(directory, new KvmVerdict(Host.BootId(), directory["qemu"], false, "late", Environment.TickCount64 - (seconds * 1000L)));
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 1").Verdict().Reason).IsNotEqualTo("late");
    }

    [Test]
    [Arguments("")]
    [Arguments("{")]
    [Arguments("null")]
    [Arguments("[]")]
    public async Task A_damaged_memory_is_no_memory(string text)
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["run"]);
        directory.Write("run/kvm.json", text);
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 1").Verdict().BootId).IsEqualTo(Host.BootId());
    }

    [Test]
    public async Task A_verdict_that_is_a_link_does_not_count()
    {
        using var directory = new TempDirectory();
        Remember(directory, new KvmVerdict(Host.BootId(), directory["qemu"], true, "remembered"));
        File.Move(directory["run/kvm.json"], directory["elsewhere"]);
        File.CreateSymbolicLink(directory["run/kvm.json"], directory["elsewhere"]);
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 1").Decide()).IsFalse();
    }

    [Test]
    [RequiresRoot]
    public async Task A_verdict_that_somebody_else_wrote_does_not_count()
    {
        using var directory = new TempDirectory();
        Remember(directory, new KvmVerdict(Host.BootId(), directory["qemu"], true, "remembered"));
        Files.Change(directory["run/kvm.json"], 0x1A4, 1001, 1001);
        await Assert.That(Proof(directory, Acceleration.Auto, "exit 1").Decide()).IsFalse();
    }
}
