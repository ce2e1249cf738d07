namespace VmAppliance.SystemTests.Fixtures;

/// <summary>Waits for what tells nobody when it happens (another process's memory, a name in /sys): looks often, and not for ever.</summary>
static class Eventually
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It never does.</exception>
    public static async Task Holds(string what, Func<bool> condition, TimeSpan? patience = null)
    {
        var end = Environment.TickCount64 + (long)(patience ?? TimeSpan.FromSeconds(120)).TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > end)
                throw new TimeoutException($"waited in vain until {what}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>Waits until a number has been the same for a while.</summary>
    public static async Task Settles(string what, Func<long> number)
    {
        const int LongEnough = 20;
        var (last, same) = (number(), 0);
        await Holds($"{what} stands still", () =>
        {
            var now = number();
            (last, same) = (now, now == last ? same + 1 : 0);
            return same == LongEnough;
        });
    }
}
