using VmAppliance.Linux;

namespace VmAppliance.NodeTests.Fixtures;

/// <summary>Waits for what has no event, such as the state of a job in Grid Engine: looks again and again, but not for ever.</summary>
static class Eventually
{
    static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(200), s_patience = TimeSpan.FromMinutes(4);

    /// <summary>Until something is so.</summary>
    /// <param name="what">What is awaited, for the message.</param>
    /// <param name="isSo">Looks.</param>
    /// <param name="state">All that can be said, for the message.</param>
    public static async Task So(string what, Func<bool> isSo, Func<string> state)
    {
        for (var deadline = Deadline.In(s_patience); !isSo(); await Task.Delay(s_between))
            if (deadline.Passed)
                throw new TimeoutException($"{what} did not come: {state()}");
    }
}
