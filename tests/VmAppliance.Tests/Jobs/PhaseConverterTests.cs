using System.Text.Json;
using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed class PhaseConverterTests
{
    [Test]
    public async Task Every_phase_has_its_own_name_and_comes_back()
    {
        foreach (var phase in Enum.GetValues<Phase>())
        {
            var text = JsonSerializer.Serialize(phase);
            await Assert.That(text).IsEqualTo($"\"{phase}\"");
            await Assert.That(JsonSerializer.Deserialize<Phase>(text)).IsEqualTo(phase);
        }
    }

    [Test]
    [Arguments("\"Ready \"")]
    [Arguments("\"ready\"")]
    [Arguments("4")]
    [Arguments("null")]
    public async Task What_is_no_phase_is_bad_JSON(string text) =>
        await Assert.That(() => JsonSerializer.Deserialize<Phase>(text)).Throws<JsonException>();
}
