using System.Text.Json.Serialization;

namespace VmAppliance.Guest;

/// <summary>One line on the port <c>org.vmappliance.0</c>; exactly one member is set.</summary>
sealed record GuestMessage
{
    /// <summary>Name of the virtio-serial port.</summary>
    public const string PortName = "org.vmappliance.0";

    /// <summary>Guest: I am up and wait for my identity.</summary>
    public bool? Hello { get; init; }

    /// <summary>Node: this is who you are.</summary>
    public Identity? Identity { get; init; }

    /// <summary>Node: this is who you are until you settle; then nobody must know any more.</summary>
    public Identity? Rehearsal { get; init; }

    /// <summary>Node: you will be frozen, and resumed many times; make ready what every job needs.</summary>
    public bool? Settle { get; init; }

    /// <summary>Guest: I have, and now wait for my identity.</summary>
    public bool? Settled { get; init; }

    /// <summary>Guest: the identity is applied, sshd answers.</summary>
    public bool? Ready { get; init; }

    /// <summary>Guest: it cannot be done, and why.</summary>
    public string? Error { get; init; }

    /// <summary>Node: a signal for a job in the machine.</summary>
    public JobSignal? Signal { get; init; }

    /// <summary>Node: the wall clock now, in nanoseconds since 1970; sent after a pause.</summary>
    public long? TimeNanoseconds { get; init; }
}

/// <summary>A signal for a job.</summary>
/// <param name="Number">signal(7).</param>
/// <param name="Launcher">The process id of the job's launcher, which passes it on.</param>
sealed record JobSignal(int Number, int Launcher);

/// <summary>JSON of everything that passes between node and guest.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GuestMessage))]
[JsonSerializable(typeof(JobSpec))]
sealed partial class GuestJson : JsonSerializerContext;
