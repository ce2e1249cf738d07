using VmAppliance.Jobs;

namespace VmAppliance.Tests.Jobs;

sealed class StartWatchTests
{
    const int SIGTERM = 15, SIGCONT = 18;

    static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(20), s_never = TimeSpan.FromHours(1), s_patience = TimeSpan.FromSeconds(20);

    static Task Over(StartWatch watch)
    {
        var over = new TaskCompletionSource();
        watch.Over.Register(over.SetResult);
        return over.Task;
    }

    [Test]
    public async Task What_does_not_begin_in_time_is_not_waited_for()
    {
        using var watch = new StartWatch(s_soon, () => false, CancellationToken.None);
        await Over(watch).WaitAsync(s_patience);
        await Assert.That((watch.IsLate, watch.Signal, watch.TryBegin())).IsEqualTo((true, null, false));
    }

    [Test]
    public async Task A_machine_that_is_paused_is_never_late()
    {
        var looks = new CountdownEvent(3);
        var isPaused = true;
        using var watch = new StartWatch(s_soon, () =>
        {
            if (looks.CurrentCount > 0)
                looks.Signal();
            return Volatile.Read(ref isPaused);
        }, CancellationToken.None);
        await Assert.That(looks.Wait(s_patience)).IsTrue();
        await Assert.That(watch.Over.IsCancellationRequested).IsFalse();
        Volatile.Write(ref isPaused, false);
        await Over(watch).WaitAsync(s_patience);
    }

    [Test]
    public async Task A_signal_ends_what_has_not_begun()
    {
        using var watch = new StartWatch(s_never, () => false, CancellationToken.None);
        watch.Notice(SIGCONT);
        await Assert.That(watch.Over.IsCancellationRequested).IsFalse();
        watch.Notice(SIGTERM);
        await Over(watch).WaitAsync(s_patience);
        await Assert.That((watch.IsLate, watch.Signal, watch.TryBegin())).IsEqualTo((false, SIGTERM, false));
    }

    [Test]
    public async Task What_has_begun_is_ended_by_nothing_but_the_machines_end()
    {
        using var lost = new CancellationTokenSource();
        using var watch = new StartWatch(s_soon, () => false, lost.Token);
        var begun = watch.TryBegin();
        watch.Notice(SIGTERM);
        await Task.Delay(s_soon * 5);
        await Assert.That((begun, watch.IsLate, watch.Signal, watch.Over.IsCancellationRequested)).IsEqualTo((true, false, null, false));
        await lost.CancelAsync();
        await Assert.That(watch.Over.IsCancellationRequested).IsTrue();
    }
}
