using Bibind.ControlPlane.Timers;

namespace Bibind.ControlPlane.Tests;

/// <summary>Each moment of a schedule is run once, and one wake-up is on its way, whatever the number of machines.</summary>
public sealed class TimerTests(PostgresCluster cluster)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken Ever = CancellationToken.None;

    [Fact]
    public async Task Of_many_machines_one_runs_a_moment()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var ledger = plane.Get<TimerLedger>();
        var runs = 0;

        var ran = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ledger.TryRunAsync("sweep", Noon, RunAsync, Ever)));

        Assert.Equal(1, runs);
        Assert.Single(ran, r => r);
        Assert.False(await ledger.TryRunAsync("sweep", Noon, RunAsync, Ever));

        Task RunAsync(CancellationToken cancellation)
        {
            Interlocked.Increment(ref runs);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_moment_that_failed_is_run_again_and_one_that_is_over_is_not()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var ledger = plane.Get<TimerLedger>();

        await Assert.ThrowsAsync<TimeoutException>(() => ledger.TryRunAsync("sweep", Noon, _ => throw new TimeoutException(), Ever));

        Assert.True(await ledger.TryRunAsync("sweep", Noon, _ => Task.CompletedTask, Ever));
        Assert.False(await ledger.TryRunAsync("sweep", Noon.AddMinutes(-5), _ => Task.CompletedTask, Ever));
        Assert.True(await ledger.TryRunAsync("sweep", Noon.AddMinutes(5), _ => Task.CompletedTask, Ever));
        Assert.True(await ledger.TryRunAsync("renewals", Noon, _ => Task.CompletedTask, Ever));
    }

    [Fact]
    public async Task While_a_machine_runs_a_moment_the_others_pass_by_and_when_it_dies_another_runs_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var ledger = plane.Get<TimerLedger>();
        var begun = new TaskCompletionSource();
        using var death = new CancellationTokenSource();
        var dying = ledger.TryRunAsync(
            "sweep", Noon,
            async cancellation =>
            {
                begun.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
            },
            death.Token);
        await begun.Task;

        Assert.False(await ledger.TryRunAsync("sweep", Noon, _ => Task.CompletedTask, Ever));
        // Its connection goes, and with it the lock.
        await death.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dying);

        Assert.True(await ledger.TryRunAsync("sweep", Noon, _ => Task.CompletedTask, Ever));
    }

    [Fact]
    public async Task However_many_see_the_same_timer_one_sends_a_wake_up_for_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var ledger = plane.Get<WakeUpLedger>();
        var due = DateTimeOffset.UtcNow.AddMinutes(5);

        var armed = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ledger.TryArmAsync(due, Ever)));

        Assert.Single(armed, a => a);
        Assert.False(await ledger.TryArmAsync(due.AddMinutes(1), Ever));
        Assert.True(await ledger.TryArmAsync(due.AddMinutes(-1), Ever));
    }

    [Fact]
    public async Task A_wake_up_whose_time_has_come_keeps_nobody_from_sending_the_next()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var ledger = plane.Get<WakeUpLedger>();

        Assert.True(await ledger.TryArmAsync(DateTimeOffset.UtcNow.AddMilliseconds(-1), Ever));
        Assert.True(await ledger.TryArmAsync(DateTimeOffset.UtcNow.AddMinutes(5), Ever));
    }
}
