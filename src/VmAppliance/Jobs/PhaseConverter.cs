using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmAppliance.Jobs;

/// <summary>A phase by its name. The framework's own converter reads the enumeration's metadata first, in each hook.</summary>
sealed class PhaseConverter : JsonConverter<Phase>
{
    static readonly string[] s_names = [nameof(Phase.Claimed), nameof(Phase.Wiping), nameof(Phase.Starting), nameof(Phase.Identifying), nameof(Phase.Ready),
        nameof(Phase.Releasing), nameof(Phase.Dirty)];

    public override Phase Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Array.IndexOf(s_names, reader.GetString()) is >= 0 and var phase ? (Phase)phase : throw new JsonException("there is no such phase");

    public override void Write(Utf8JsonWriter writer, Phase value, JsonSerializerOptions options) => writer.WriteStringValue(s_names[(int)value]);
}
