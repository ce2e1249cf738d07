using System.Text.Json;
using System.Text.Json.Serialization;
using VmAppliance.Configuration;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>A remembered answer to "does KVM work here?".</summary>
/// <param name="BootId">The boot it was found in; a new boot asks anew.</param>
/// <param name="Qemu">The program it was found with.</param>
/// <param name="Works">The answer.</param>
/// <param name="Reason">What the tiny guest did, or what QEMU said.</param>
/// <param name="LateAt">When a guest was given up that did not answer in time or could not be started, in milliseconds of this boot's clock; null for a verdict
/// that lasts.</param>
sealed record KvmVerdict(string BootId, string Qemu, bool Works, string Reason, long? LateAt = null);

/// <summary>JSON of the remembered verdict.</summary>
[JsonSerializable(typeof(KvmVerdict))]
sealed partial class KvmJson : JsonSerializerContext;

/// <summary>
/// Decides between KVM and software emulation. <c>/dev/kvm</c> can exist, open, and still not run a guest: only a guest that answers
/// proves it. The guest is seven bytes at the processor's first instruction; it writes to QEMU's exit port.
/// </summary>
/// <param name="settings">Whether KVM is wanted, and where the verdict is kept.</param>
/// <param name="qemu">QEMU's path.</param>
/// <param name="patience">How long the guest may take; null for 10 seconds.</param>
sealed class KvmProof(ApplianceSettings settings, string qemu, TimeSpan? patience = null)
{
    const string Device = "/dev/kvm";
    const int Answer = 0x10, AnswerStatus = (Answer << 1) | 1; // isa-debug-exit ends QEMU with this status
    const int OthersMay = 0x6, GroupMay = 0x30; // S_IROTH | S_IWOTH, S_IRGRP | S_IWGRP
    const int FirmwareBytes = 64 * 1024, ResetVector = FirmwareBytes - 16;

    // One moment of overload must not decide for the whole boot, nor may each job wait for what hangs.
    static readonly TimeSpan LateLasts = TimeSpan.FromMinutes(5);

    readonly TimeSpan _patience = patience ?? TimeSpan.FromSeconds(10);
    KvmVerdict? _proved;

    // mov dx,0xf4; mov al,Answer; out dx,al; hlt
    static ReadOnlySpan<byte> Guest => [0xBA, 0xF4, 0x00, 0xB0, Answer, 0xEE, 0xF4];

    string Remembered => $"{settings.RunDirectory}/kvm.json";

    /// <summary>Whether machines are to use KVM.</summary>
    /// <exception cref="ApplianceException">KVM is demanded and does not work.</exception>
    public bool Decide()
    {
        if (settings.Acceleration == Acceleration.Tcg)
            return false;
        var verdict = Verdict();
        return verdict.Works || settings.Acceleration == Acceleration.Auto ? verdict.Works : throw new ApplianceException(
            Blame.Node, "use KVM", Device, verdict.Reason, "set [appliance] accel = auto to fall back to software emulation");
    }

    /// <summary>The verdict of this boot, proved if nobody has yet.</summary>
    public KvmVerdict Verdict()
    {
        var verdict = _proved ??= Proved();
        // Proved was it by root. That it is the owners' too changes with the device's mode, which is not remembered.
        return !verdict.Works || Files.Facts(Device) is not { } facts || GroupsFor(facts) is not null ? verdict
            : verdict with { Works = false, Reason = "neither everybody nor a group other than root's may use it, and machines run as their jobs' owners" };
    }

    KvmVerdict Proved()
    {
        var boot = Host.BootId();
        if (Read() is { } known && known.BootId == boot && known.Qemu == qemu && Lasts(known))
            return known;
        var verdict = Prove(boot);
        Directory.CreateDirectory(settings.RunDirectory);
        Files.Replace(Remembered, JsonSerializer.SerializeToUtf8Bytes(verdict, KvmJson.Default.KvmVerdict), 0x1A4 /* 0644 */);
        return verdict;
    }

    /// <summary>The supplementary groups by which a machine's owner may use the device; none where everybody may.</summary>
    public static IReadOnlyList<int> DeviceGroups() => Files.Facts(Device) is { } facts ? GroupsFor(facts) ?? [] : [];

    /// <summary>The groups by which an ordinary account may use a device: none where everybody may, null where it may not.</summary>
    // Root's group is given to nobody: whose process has it, by a debugger for instance, opens what no job may.
    public static IReadOnlyList<int>? GroupsFor(FileFacts device) =>
        (device.Mode & OthersMay) == OthersMay ? [] : (device.Mode & GroupMay) == GroupMay && device.Gid != 0 ? [device.Gid] : null;

    static bool Lasts(KvmVerdict verdict) => verdict.LateAt is not { } late || Environment.TickCount64 - late is >= 0 and var age && age < LateLasts.TotalMilliseconds;

    KvmVerdict? Read()
    {
        try
        {
            var content = Files.ReadNoFollow(Remembered, 1 << 16, out var facts);
            return facts.Uid == Host.EffectiveUser ? JsonSerializer.Deserialize(content, KvmJson.Default.KvmVerdict) : null;
        }
        catch (Exception e) when (e is LinuxException or JsonException)
        {
            return null;
        }
    }

    KvmVerdict Prove(string boot)
    {
        if (!File.Exists(Device))
            return new KvmVerdict(boot, qemu, false, "there is no such device");
        var firmware = new byte[FirmwareBytes];
        Guest.CopyTo(firmware.AsSpan(ResetVector));
        using var memory = Descriptor.Memory("kvm-proof", FirmwareBytes);
        memory.WriteAll(firmware);
        try
        {
            var result = CommandRunner.Run([qemu, "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "16M", "-nodefaults", "-no-user-config", "-display", "none",
                "-bios", $"/proc/{Environment.ProcessId}/fd/{memory.Number}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"], _patience);
            return result.Status == AnswerStatus ? new KvmVerdict(boot, qemu, true, "a guest answered")
                : new KvmVerdict(boot, qemu, false, result.LastError.Length > 0 ? result.LastError : $"QEMU ended with status {result.Status}");
        }
        catch (ApplianceException e)
        {
            return new KvmVerdict(boot, qemu, false, e.InnerException is TimeoutException ? $"a guest did not answer within {_patience.TotalSeconds:0} s" : e.Reason,
                Environment.TickCount64);
        }
    }
}
