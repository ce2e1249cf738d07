using System.Diagnostics;

namespace VmAppliance.SystemTests.GridEngine;

/// <summary>Waits for what has no event, such as the state of a job in Grid Engine: looks again and again, but not for ever.</summary>
static class Patience
{
    static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(100);

    /// <summary>Until something is so.</summary>
    /// <param name="what">What is awaited, for the message.</param>
    /// <param name="isSo">Looks.</param>
    /// <param name="seconds">When to give up.</param>
    /// <param name="between">The time between two looks; null for the usual one.</param>
    public static async Task Until(string what, Func<Task<bool>> isSo, int seconds = 300, TimeSpan? between = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (watch.Elapsed.TotalSeconds > seconds)
                throw new TimeoutException($"gave up waiting for {what} after {seconds} s");
            await Task.Delay(between ?? s_between);
        }
    }

    /// <summary>The time between two looks.</summary>
    public static Task Pause() => Task.Delay(s_between);

    /// <summary>Until something is so.</summary>
    public static Task Until(string what, Func<bool> isSo, int seconds = 300) => Until(what, () => Task.FromResult(isSo()), seconds);
}
