using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed class TimelineTests
{
    [Test]
    public async Task Steps_stand_in_one_line_in_their_order()
    {
        var timeline = new Timeline();
        await Assert.That(timeline.ToString()).IsEqualTo("");
        timeline.Mark("claim");
        timeline.Mark("wipe");
        await Assert.That(string.Join(' ', timeline.Steps.Select(s => s.Step))).IsEqualTo("claim wipe");
        await Assert.That(timeline.ToString()).Matches(@"^claim \d+ ms · wipe \d+ ms$");
    }
}
